// The two programs as users start them: real processes, real permissions, signals and pipes.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";

const ROOT = new URL("../../", import.meta.url).pathname;
const DENO = Deno.execPath();

/** What a program did. */
interface Done {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A server in a temporary folder, which clients are started in, too. */
class Place implements AsyncDisposable {
  readonly folder: string;
  readonly address: string;
  readonly #server: Deno.ChildProcess;
  readonly #out: ReadableStreamDefaultReader<string>;

  private constructor(
    folder: string,
    address: string,
    parts: { server: Deno.ChildProcess; out: ReadableStreamDefaultReader<string> },
  ) {
    this.folder = folder;
    this.address = address;
    this.#server = parts.server;
    this.#out = parts.out;
  }

  static async open(more: { server?: string[] } = {}): Promise<Place> {
    const folder = await Deno.makeTempDir();
    const args = ["run", "-A", `${ROOT}server.ts`, "--listen", "127.0.0.1:0", "--data", "data"];
    const server = start(folder, [...args, ...more.server ?? []]);
    const out = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await out.read();
    assertMatch(value, /^listening on 127\.0\.0\.1:\d+\n$/);
    return new Place(folder, value.trim().slice("listening on ".length), { server, out });
  }

  /** Starts the client with all permissions. */
  startClient(...args: string[]): Deno.ChildProcess {
    return start(this.folder, ["run", "-A", `${ROOT}client.ts`, "--server", this.address, ...args]);
  }

  /** Runs the client with all permissions. */
  client(...args: string[]): Promise<Done> {
    return finish(this.startClient(...args));
  }

  write(path: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return Deno.writeFile(`${this.folder}/${path}`, bytes);
  }

  async names(): Promise<string[]> {
    const names = await Array.fromAsync(Deno.readDir(this.folder), (entry) => entry.name);
    return names.filter((name) => name !== "data").sort();
  }

  /** Stops the server; returns its exit code. */
  async stop(signal: Deno.Signal): Promise<number> {
    this.#server.kill(signal);
    await this.#out.cancel();
    return (await this.#server.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#server.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#out.cancel();
    await this.#server.stderr.cancel();
    await this.#server.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

function start(
  folder: string,
  args: string[],
  env: Record<string, string> = {},
): Deno.ChildProcess {
  return new Deno.Command(DENO, {
    args,
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", MORSEL_SERVER: "127.0.0.1:1", ...env },
  }).spawn();
}

async function finish(child: Deno.ChildProcess): Promise<Done> {
  if (!child.stdin.locked) await child.stdin.close();
  const [out, err, { code }] = await Promise.all([
    toText(child.stdout),
    toText(child.stderr),
    child.status,
  ]);
  return { code, out, err };
}

Deno.test("files go to a real server and come back as they were", async () => {
  await using place = await Place.open();
  const content = new Uint8Array(3_000_001).map((_, index) => index * 7);
  await place.write("big", content);
  const put = await place.client("put", "big", "--as", "a/big");
  assertEquals([put.code, put.err], [0, ""]);
  assertMatch(put.out, /^a\/big {2}v\d+ {2}2\.9 MiB {2}[0-9a-f]{64}\n$/);
  const get = await place.client("get", "a/big", "-o", "back");
  assertEquals([get.code, get.err], [0, ""]);
  assertEquals(await Deno.readFile(`${place.folder}/back`), content);
  assertEquals(
    (await place.client("hash", "big")).out.slice(0, 64),
    put.out.trim().slice(-64),
  );
  assertEquals((await place.client("ls")).out, "a/big\n");
  assertEquals((await place.client("get", "nope")).code, 4);
  assertEquals(await place.names(), ["back", "big"]);
  assertEquals(await place.stop("SIGTERM"), 0);
});

Deno.test("put stores two thousand small files without a round trip for each", async () => {
  await using place = await Place.open();
  await Deno.mkdir(`${place.folder}/many`);
  for (let index = 0; index < 2000; index++) await place.write(`many/${index}`, `${index}`);
  const put = await place.client("put", "-r", "many", "--quiet");
  assertEquals(put, { code: 0, out: "", err: "" });
  const ls = await place.client("ls", "many/");
  assertEquals(ls.out.trimEnd().split("\n").length, 2000);
  assertEquals((await place.client("cat", "many/1234")).out, "1234");
});

Deno.test("without permissions the client names the one it needs, and asks for none it can do without", async () => {
  await using place = await Place.open();
  const bare = (...flags: string[]) =>
    finish(start(place.folder, ["run", ...flags, `${ROOT}client.ts`, "get", "x"]));
  const steps: [string[], number, string][] = [
    [[], 2, 'Reading "x" is not permitted: run again with --allow-read'],
    [["--allow-read"], 2, 'to "127.0.0.1:1300" is not permitted: run again with --allow-net'],
  ];
  for (const [flags, code, message] of steps) {
    const done = await bare(...flags);
    assertEquals([done.code, done.out], [code, ""], done.err);
    assertStringIncludes(done.err, `morsel: `);
    assertStringIncludes(done.err, message);
    assertEquals(done.err.trimEnd().split("\n").length, 1, done.err);
  }
});

Deno.test("a configuration that nobody may read asks for nothing and configures nothing", async () => {
  await using place = await Place.open();
  await Deno.mkdir(`${place.folder}/morsel`);
  await place.write(
    "morsel/config.json",
    '{"servers":{"here":{"address":"ADDRESS"}}}'
      .replace("ADDRESS", place.address),
  );
  await place.write("a", "content");
  await place.client("put", "a");
  const stat = (...flags: string[]) => {
    const args = ["run", ...flags, `${ROOT}client.ts`, "stat", "here:a", "--json"];
    return finish(start(place.folder, args, { XDG_CONFIG_HOME: place.folder }));
  };
  const net = "--allow-net";
  const configured = await stat(net, "--allow-env", "--allow-read");
  assertEquals([configured.code, configured.err], [0, ""]);
  for (const flags of [[net], [net, "--allow-env"], [net, "--allow-read"]]) {
    const { code, err } = await stat(...flags);
    // Without leave to read the variable the default server is asked, which nobody is at.
    assertEquals(code, 8, err);
    assertStringIncludes(err, '"code":"connection"');
  }
});

Deno.test("get needs leave to read, to write and for its one server, and no more", async () => {
  await using place = await Place.open();
  await place.write("a", "content");
  await place.client("put", "a");
  await Deno.remove(`${place.folder}/a`);
  const flags = ["--allow-read=.", `--allow-net=${place.address}`];
  const get = (...more: string[]) => {
    const args = [`${ROOT}client.ts`, "--server", place.address, "get", "a"];
    return finish(start(place.folder, ["run", ...flags, ...more, ...args]));
  };
  const denied = await get();
  assertEquals(denied.code, 2);
  assertStringIncludes(denied.err, "run again with --allow-write");
  assertEquals(await place.names(), []);
  const done = await get("--allow-write=.");
  assertEquals([done.code, done.err], [0, ""]);
  assertEquals(await Deno.readTextFile(`${place.folder}/a`), "content");
});

Deno.test("a reader that goes, as head does, ends the client quietly", async () => {
  await using place = await Place.open();
  await place.write("big", new Uint8Array(20_000_000));
  assertEquals((await place.client("put", "big")).code, 0);
  const child = place.startClient("cat", "big");
  await child.stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [err, { code }] = await Promise.all([toText(child.stderr), child.status]);
  assertEquals([code, err], [0, ""]);
});

Deno.test("Ctrl-C ends a put from standard input with 130 and leaves nothing behind", async () => {
  await using place = await Place.open();
  const child = place.startClient("put", "-", "--as", "typed", "--trace");
  const writer = child.stdin.getWriter();
  await writer.write(new Uint8Array(500_000));
  const err = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  // The upload is under way once the first of its bytes are traced.
  for (let text = ""; !text.includes("Data");) {
    const { value, done } = await err.read();
    assert(!done, text);
    text += value;
  }
  child.kill("SIGINT");
  for (let { done } = await err.read(); !done;) ({ done } = await err.read());
  await child.stdout.cancel();
  assertEquals((await child.status).code, 130);
  await writer.abort().catch(() => {});
  assertEquals((await place.client("ls")).out, "");
});

Deno.test("a server and a client keep to their limits", async () => {
  await using place = await Place.open({ server: ["--limit-rate", "2M"] });
  await place.write("big", new Uint8Array(1_500_000));
  const seconds = async (...args: string[]) => {
    const startMs = performance.now();
    assertEquals((await place.client(...args)).code, 0);
    return (performance.now() - startMs) / 1000;
  };
  // Never faster; how much slower is a matter of the machine.
  const server = await seconds("put", "big");
  assert(server > 0.5, `${server} s`);
  const client = await seconds("get", "big", "-o", "back", "--limit-rate", "1M");
  assert(client > 1.2, `${client} s`);
  assertEquals(await Deno.readFile(`${place.folder}/back`), new Uint8Array(1_500_000));
});

Deno.test("a second server on the same folder or address says so and exits with 8", async () => {
  await using place = await Place.open();
  const serve = (...args: string[]) =>
    finish(start(place.folder, ["run", "-A", `${ROOT}server.ts`, ...args]));
  const sameFolder = await serve("--listen", "127.0.0.1:0", "--data", "data");
  assertEquals([sameFolder.code, sameFolder.out], [8, ""]);
  assertStringIncludes(sameFolder.err, "in use by another server");
  const sameAddress = await serve("--listen", place.address, "--data", "data2");
  assertEquals([sameAddress.code, sameAddress.out], [8, ""]);
  assertStringIncludes(sameAddress.err, "choose another place with --listen");
  for (const { err } of [sameFolder, sameAddress]) {
    assertEquals(err.trimEnd().split("\n").length, 1, err);
  }
  assertEquals(await place.stop("SIGINT"), 0);
});

Deno.test("a client without a server says so in one line and exits with 8", async () => {
  const folder = await Deno.makeTempDir();
  const done = await finish(start(folder, ["run", "-A", `${ROOT}client.ts`, "ls"]));
  await Deno.remove(folder);
  assertEquals([done.code, done.out], [8, ""]);
  assertMatch(done.err, /^morsel: Cannot connect to 127\.0\.0\.1:1: [^\n]+--server\n$/);
});
