// One story with the two programs as processes, whatever they run on: what any pair of them must do together.

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { wait } from "../../lib/base/wait.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { contentOf } from "../support/content.ts";
import { CuttingProxy } from "../support/cutting_proxy.ts";
import { ServerProcess } from "../support/server_process.ts";

/** How the two programs are started, before their own arguments. */
export interface Programs {
  readonly server: readonly string[];
  readonly client: readonly string[];
}

/** What the story is told with. */
export interface StoryOptions {
  /** Bytes of the large file. */
  readonly size: number;
  /** Does a part of the story under a name. */
  readonly step: (name: string, part: () => Promise<void>) => Promise<unknown>;
}

/** How long the large file took, in milliseconds, the start of the client included. */
export interface StoryTimes {
  putMs: number;
  getMs: number;
}

/** How long the story may take on the slowest of machines, in milliseconds. */
const PATIENCE_MS = 150_000;

interface Done {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Tells the story in a temporary folder. Throws what goes wrong, if `step` does. */
export async function tellStory(programs: Programs, options: StoryOptions): Promise<StoryTimes> {
  const folder = await Deno.makeTempDir({ prefix: "morsel-story-" });
  const dataFolder = `${folder}/data`;
  const server = await ServerProcess.start({ dataFolder, command: programs.server });
  const story = new Story(folder, server, programs.client);
  const stopTimer = systemClock.holdingTimer(PATIENCE_MS, () => story.giveUp());
  try {
    return await story.tell(options);
  } finally {
    stopTimer();
    await server[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

class Story {
  readonly #folder: string;
  readonly #server: ServerProcess & { address: string };
  readonly #client: readonly string[];
  readonly #running = new Set<Deno.ChildProcess>();
  #isLate = false;

  constructor(
    folder: string,
    server: ServerProcess & { address: string },
    client: readonly string[],
  ) {
    this.#folder = folder;
    this.#server = server;
    this.#client = client;
  }

  async tell({ size, step }: StoryOptions): Promise<StoryTimes> {
    const times: StoryTimes = { putMs: 0, getMs: 0 };
    await step("put, get and compare a large file", async () => {
      Object.assign(times, await this.#thereAndBack(size));
    });
    await step("pipes", () => this.#pipes());
    await step("ls, stat, mv and rm", () => this.#names());
    await step("an upload goes on after its connection is cut", () => this.#cutUpload(size));
    await step("a download goes on after its client is killed", () => this.#killedDownload(size));
    await step("errors and exit codes", () => this.#errors());
    await step("signals", () => this.#signals());
    return times;
  }

  /** Ends all that runs, so that what waits for it fails. */
  giveUp(): void {
    this.#isLate = true;
    for (const child of this.#running) child.kill("SIGKILL");
    this.#server.kill("SIGKILL");
  }

  async #thereAndBack(size: number): Promise<StoryTimes> {
    const content = contentOf(size);
    await Deno.writeFile(`${this.#folder}/large`, content);
    const [put, putMs] = await timed(() => this.#run("put", "large"));
    assertEquals([put.code, put.err], [0, ""]);
    assertMatch(put.out, /^large {2}v\d+ {2}[\d.]+ MiB {2}[0-9a-f]{64}\n$/);
    const [get, getMs] = await timed(() => this.#run("get", "large", "-o", "back"));
    assertEquals([get.code, get.err], [0, ""]);
    await this.#isSame("back", content);
    return { putMs, getMs };
  }

  async #pipes(): Promise<void> {
    const put = this.#start(["put", "-", "--as", "typed"], { stdin: "piped" });
    const writer = put.stdin.getWriter();
    await writer.write(new TextEncoder().encode("from a pipe\n"));
    await writer.close();
    assertEquals((await finish(put)).code, 0);
    assertEquals(await this.#run("cat", "typed"), { code: 0, out: "from a pipe\n", err: "" });
    // A reader that goes, as head does, ends the client quietly.
    const cat = this.#start(["cat", "large"]);
    const reader = cat.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const [err, { code }] = await Promise.all([toText(cat.stderr), cat.status]);
    assertEquals([code, err], [0, ""]);
  }

  async #names(): Promise<void> {
    assertEquals((await this.#run("mv", "typed", "ä/new name")).code, 0);
    assertEquals((await this.#run("ls")).out, "large\nä/new name\n");
    assertStringIncludes((await this.#run("stat", "ä/new name")).out, "12");
    assertEquals((await this.#run("rm", "ä/new name")).code, 0);
    assertEquals((await this.#run("ls")).out, "large\n");
  }

  async #cutUpload(size: number): Promise<void> {
    const { address: to } = this.#server;
    using proxy = new CuttingProxy({ to, after: size / 2, what: "cut" });
    const put = await this.#run("put", "large", "--as", "cut", "--server", proxy.address);
    assertEquals(put.code, 0, put.err);
    assertStringIncludes(put.err, "connecting again");
    // It did not begin anew: what had gone through before the cut was of use.
    assertLess(proxy.passed, size * 1.45);
    assertEquals((await this.#run("get", "cut", "-o", "cut")).code, 0);
    await this.#isSame("cut", contentOf(size));
  }

  async #killedDownload(size: number): Promise<void> {
    const { address: to } = this.#server;
    using proxy = new CuttingProxy({ to, after: size / 2, what: "hold" });
    const args = ["get", "large", "-o", "late"];
    const client = this.#start([...args, "--server", proxy.address]);
    await this.#untilPartFetched();
    client.kill("SIGKILL");
    await finish(client);
    const again = await this.#run(...args);
    assertEquals(again.code, 0, again.err);
    assertMatch(again.err, /"large": resuming at \d+ %/);
    await this.#isSame("late", contentOf(size));
  }

  async #errors(): Promise<void> {
    const missing = await this.#run("get", "nope");
    assertEquals([missing.code, missing.out], [4, ""]);
    assertEquals(missing.err, 'morsel: There is no file "nope"; morsel ls shows the names\n');
    const local = await this.#run("put", "nothing-here");
    assertEquals([local.code, local.err.split("\n").length], [4, 2], local.err);
    assertEquals((await this.#run("frobnicate")).code, 2);
    const alone = await this.#run("ls", "--server", "127.0.0.1:1");
    assertEquals(alone.code, 8);
    assertStringIncludes(alone.err, "Cannot connect to 127.0.0.1:1: Connection refused; ");
    assertEquals((await this.#run("ls", "--server", "nobody.invalid")).code, 8);
  }

  async #signals(): Promise<void> {
    const put = this.#start(["put", "-", "--as", "typed", "--trace"], { stdin: "piped" });
    const writer = put.stdin.getWriter();
    await writer.write(new Uint8Array(500_000));
    const err = put.stderr.pipeThrough(new TextDecoderStream()).getReader();
    // The upload is under way once the first of its bytes are traced.
    for (let text = ""; !text.includes("Data");) {
      const { value, done } = await err.read();
      assert(!done, text);
      text += value;
    }
    put.kill("SIGINT");
    for (let { done } = await err.read(); !done;) ({ done } = await err.read());
    await put.stdout.cancel();
    assertEquals((await put.status).code, 130);
    await writer.abort().catch(() => {});
    this.#server.kill("SIGTERM");
    assertEquals((await this.#server.ended).code, 0);
  }

  #start(args: string[], options: Deno.CommandOptions = {}): Deno.ChildProcess {
    const [program, ...before] = this.#client;
    const child = new Deno.Command(program!, {
      args: [...before, ...args],
      cwd: this.#folder,
      env: { NO_COLOR: "1", MORSEL_SERVER: this.#server.address },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...options,
    }).spawn();
    this.#running.add(child);
    void child.status.then(() => this.#running.delete(child));
    return child;
  }

  #run(...args: string[]): Promise<Done> {
    return finish(this.#start(args));
  }

  /** Settles when what could come through has come, and lies beside the target for a later run. */
  async #untilPartFetched(): Promise<void> {
    let last = 0;
    for (let same = 0; same < 20; await wait(systemClock, 10)) {
      assert(!this.#isLate, "nothing has been fetched");
      const names = await Array.fromAsync(Deno.readDir(this.#folder), ({ name }) => name);
      const parts = names.filter((name) => name.includes("morsel-part"));
      const sizeOf = async (name: string) => (await Deno.stat(`${this.#folder}/${name}`)).size;
      const size = (await Promise.all(parts.map(sizeOf))).reduce((sum, one) => sum + one, 0);
      same = size === last && size > 0 ? same + 1 : 0;
      last = size;
    }
  }

  async #isSame(path: string, content: Uint8Array): Promise<void> {
    const bytes = await Deno.readFile(`${this.#folder}/${path}`);
    assertEquals(bytes.length, content.length);
    assertEquals(bytes.findIndex((byte, index) => byte !== content[index]), -1);
  }
}

async function finish(child: Deno.ChildProcess): Promise<Done> {
  const [out, err, { code }] = await Promise.all([
    toText(child.stdout),
    toText(child.stderr),
    child.status,
  ]);
  return { code, out, err };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const startedMs = performance.now();
  const result = await work();
  return [result, performance.now() - startedMs];
}
