// A watch over a server that is killed and started again while somebody writes, with real processes: what it
// was told is what the writer did, each thing once.

import { assert, assertEquals, assertGreater } from "@std/assert";
import { connect, type FileClient, MorselError } from "../../mod.ts";
import { contentOf, randomNumbers } from "../support/content.ts";
import { freePort, ServerProcess } from "../support/server_process.ts";

const SEED = Number(Deno.env.get("MORSEL_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = 3;
/** Changes between two kills, at least. */
const CHANGES_EACH = 40;

Deno.test("client.ts watch tells all that a writer did, once each, over three kills of the server", async () => {
  const dataFolder = await Deno.makeTempDir({ prefix: "morsel-watch-" });
  const port = freePort(randomNumbers(SEED));
  let server = await ServerProcess.start({ dataFolder, port });
  const watch = new WatchProcess(`127.0.0.1:${port}`, []);
  const stop = new AbortController();
  const done: string[] = [];
  try {
    assertEquals(await watch.next(), { kind: "watching", sequence: 0 });
    await using client = await connect(`127.0.0.1:${port}`);
    let failure: unknown;
    const writing = write(client, done, stop.signal).catch((thrown) => failure = thrown);
    for (let kill = 0; kill < KILLS; kill++) {
      const before = done.length;
      await until(() => done.length >= before + CHANGES_EACH || failure !== undefined);
      server.kill("SIGKILL");
      assertEquals((await server.ended).signal, "SIGKILL");
      server = await ServerProcess.start({ dataFolder, port });
    }
    stop.abort();
    await writing;
    assertEquals(failure, undefined, `seed ${SEED}`);
    assertGreater(done.length, KILLS * CHANGES_EACH);
    const told: string[] = [];
    while (told.length < done.length) {
      const { kind, name, digest, sequence } = await watch.next();
      told.push(kind === "put" ? `put ${name} ${digest}` : `${kind} ${name}`);
      assertEquals(sequence, told.length);
    }
    assertEquals(told, done, `seed ${SEED}`);
    // The last of them is the end: nothing comes twice.
    const { code, rest, err } = await watch.interrupt();
    assertEquals(rest, [{ kind: "stopped", sequence: done.length }]);
    assertEquals(code, 0, err);

    // Whoever comes later and begins in the middle is told the same.
    const late = new WatchProcess(`127.0.0.1:${port}`, ["--since", "50"]);
    assertEquals(await late.next(), { kind: "watching", sequence: 50 });
    for (const words of done.slice(50)) {
      const { kind, name, digest } = await late.next();
      assertEquals(kind === "put" ? `put ${name} ${digest}` : `${kind} ${name}`, words);
    }
    assertEquals((await late.interrupt()).code, 0);
  } finally {
    stop.abort();
    watch.kill();
    await server[Symbol.asyncDispose]();
    await Deno.remove(dataFolder, { recursive: true });
  }
});

Deno.test("client.ts watch ends with 0 when nobody reads any more", async () => {
  const dataFolder = await Deno.makeTempDir({ prefix: "morsel-watch-" });
  const server = await ServerProcess.start({ dataFolder });
  try {
    const watch = new WatchProcess(server.address, ["--quiet"]);
    await watch.next();
    await watch.leave();
    await using client = await connect(server.address);
    await client.put("a", "content");
    const { code, err } = await watch.ended;
    assertEquals([code, err], [0, ""]);
  } finally {
    await server[Symbol.asyncDispose]();
    await Deno.remove(dataFolder, { recursive: true });
  }
});

/** Changes files of its own until it is told to stop; notes what was done for sure, in its order. */
async function write(client: FileClient, done: string[], signal: AbortSignal): Promise<void> {
  const random = randomNumbers(SEED);
  const digests = new Map<string, string>();
  for (let turn = 0; !signal.aborted; turn++) {
    const name = `${Math.floor(random() * 6)}`;
    const to = `moved/${name}`;
    const held = digests.get(name);
    const kind = random();
    if (held === undefined || kind < 0.5) {
      // No two are equal, so that a put whose answer was lost knows its own.
      const size = Math.floor(random() ** 2 * 100_000);
      const { digest } = await client.put(name, contentOf(size + 9, SEED + turn));
      digests.set(name, digest);
      done.push(`put ${name} ${digest}`);
    } else if (kind < 0.75) {
      await surely(client, { change: () => client.remove(name), name });
      digests.delete(name);
      done.push(`remove ${name}`);
    } else {
      await surely(client, { change: () => client.move(name, to), name });
      digests.delete(name);
      done.push(`remove ${name}`, `put ${to} ${held}`);
    }
  }
}

/** Makes a change that takes `name` away, again where it is not known whether it was made and was not. */
async function surely(
  client: FileClient,
  { change, name }: { change: () => Promise<unknown>; name: string },
): Promise<void> {
  for (;;) {
    try {
      return void await change();
    } catch (thrown) {
      assert(thrown instanceof MorselError && thrown.retry, `${thrown}`);
      const isThere = await client.stat(name).then(() => true, (error) => {
        if (error.code === "not_found") return false;
        throw error;
      });
      if (!isThere) return;
    }
  }
}

interface Line {
  readonly kind: string;
  readonly sequence: number;
  readonly name?: string;
  readonly digest?: string;
}

/** `client.ts watch --json` as a process of its own. */
class WatchProcess {
  /** Settles when it is gone. */
  readonly ended: Promise<{ code: number; err: string }>;
  readonly #child: Deno.ChildProcess;
  readonly #out: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(server: string, args: string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", new URL("../../client.ts", import.meta.url).pathname],
        ...["watch", "--json", "--server", server, ...args],
      ],
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#out = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.ended = this.#end();
  }

  /** The next line. Throws when there is none. */
  async next(): Promise<Line> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#out.read();
      if (done) throw new Error(`The watch ended: ${(await this.ended).err}`);
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = JSON.parse(this.#text.slice(0, end));
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  /** Ctrl-C; returns what it still printed. */
  async interrupt(): Promise<{ code: number; err: string; rest: Line[] }> {
    this.#child.kill("SIGINT");
    for (let read = await this.#out.read(); !read.done; read = await this.#out.read()) {
      this.#text += read.value;
    }
    const rest = this.#text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    return { ...await this.ended, rest };
  }

  /** Reads no more. */
  leave(): Promise<void> {
    return this.#out.cancel();
  }

  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async #end(): Promise<{ code: number; err: string }> {
    const err = await new Response(this.#child.stderr).text();
    return { code: (await this.#child.status).code, err };
  }
}

/** Looks again and again until it is so, for a bounded time: the other process tells no other way. */
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!isSo()) {
    assert(performance.now() < endMs, "It did not come about within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
