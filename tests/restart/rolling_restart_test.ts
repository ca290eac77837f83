// Servers that are restarted under load, with real processes: no client's call fails, and nothing is lost.

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { connect, type FileClient } from "../../mod.ts";
import { contentOf, randomNumbers } from "../support/content.ts";
import { freePort, ServerProcess } from "../support/server_process.ts";

const SEED = Number(Deno.env.get("MORSEL_SEED") ?? Math.floor(Math.random() * 2 ** 31));

interface Load {
  readonly who: number;
  operations: number;
  readonly kept: Map<string, Uint8Array>;
}

/** Puts, gets, moves and removes files of its own until it is told to stop. */
async function work(client: FileClient, load: Load, signal: AbortSignal): Promise<void> {
  const { who } = load;
  const random = randomNumbers(SEED + who);
  for (let turn = 0; !signal.aborted; turn++) {
    const name = `client ${who}/file ${Math.floor(random() * 5)}`;
    const content = contentOf(Math.floor(random() ** 3 * 3_000_000), SEED + who * 1000 + turn);
    await client.put(name, content);
    load.kept.set(name, content);
    assertEquals(await (await client.get(name)).bytes(), content);
    if (random() < 0.3) {
      const to = `client ${who}/moved ${Math.floor(random() * 3)}`;
      await client.move(name, to);
      load.kept.delete(name);
      load.kept.set(to, content);
      if (random() < 0.5) {
        await client.remove(to);
        load.kept.delete(to);
      }
    }
    load.operations++;
  }
}

Deno.test("a server restarted four times under load fails no call and loses nothing", async () => {
  const dataFolder = await Deno.makeTempDir();
  const port = freePort(randomNumbers(SEED));
  let server = await ServerProcess.start({ dataFolder, port });
  const stop = new AbortController();
  const address = `127.0.0.1:${port}`;
  try {
    const clients = await Promise.all([1, 2, 3].map(() => connect(address)));
    const loads: Load[] = clients.map((_, who) => ({ who, operations: 0, kept: new Map() }));
    const operations = () => loads.reduce((sum, load) => sum + load.operations, 0);
    let failure: unknown;
    const working = Promise.all(
      clients.map((client, who) => work(client, loads[who]!, stop.signal)),
    ).catch((thrown) => failure = thrown);
    for (let restart = 0; restart < 4; restart++) {
      const before = operations();
      await until(() => operations() >= before + 15 || failure !== undefined);
      server.kill("SIGTERM");
      assertEquals((await server.ended).code, 0);
      server = await ServerProcess.start({ dataFolder, port });
    }
    stop.abort();
    await working;
    assertEquals(failure, undefined, `seed ${SEED}`);
    for (const load of loads) {
      for (const [name, content] of load.kept) {
        assertEquals(await (await clients[0]!.get(name)).bytes(), content, `seed ${SEED}: ${name}`);
      }
    }
    assertGreater(operations(), 60);
    for (const client of clients) await client.close();
  } finally {
    stop.abort();
    await server[Symbol.asyncDispose]();
    await Deno.remove(dataFolder, { recursive: true });
  }
});

Deno.test("client.ts put and get go on when the server is killed in the middle", async () => {
  const folder = await Deno.makeTempDir();
  const port = freePort(randomNumbers(SEED + 1));
  const dataFolder = `${folder}/data`;
  let server = await ServerProcess.start({ dataFolder, port });
  try {
    const content = contentOf(120_000_000, SEED);
    await Deno.writeFile(`${folder}/big`, content);
    const run = (...args: string[]) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", new URL("../../client.ts", import.meta.url).pathname, ...args],
        cwd: folder,
        env: { NO_COLOR: "1", MORSEL_SERVER: `127.0.0.1:${port}` },
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    for (
      const [what, args] of [["uploads", ["put", "big"]], ["out", [
        "get",
        "big",
        "-o",
        "out",
      ]]] as const
    ) {
      const client = run(...args);
      const output = client.output();
      await until(() => what === "uploads" ? hasUpload(dataFolder) : hasPart(folder));
      server.kill("SIGKILL");
      await server.ended;
      server = await ServerProcess.start({ dataFolder, port });
      const { code, stderr } = await output;
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    }
    assertEquals(await Deno.readFile(`${folder}/out`), content);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(left, ["big", "data", "out"]);
  } finally {
    await server[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("client.ts put that is stopped by Ctrl-C goes on when it is run again", async () => {
  const folder = await Deno.makeTempDir();
  const dataFolder = `${folder}/data`;
  await using server = await ServerProcess.start({ dataFolder });
  try {
    await Deno.writeFile(`${folder}/big`, contentOf(120_000_000, SEED));
    const put = () =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", new URL("../../client.ts", import.meta.url).pathname, "put", "big"],
        cwd: folder,
        env: { NO_COLOR: "1", MORSEL_SERVER: server.address },
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    const stopped = put();
    const output = stopped.output();
    await until(() => hasUpload(dataFolder));
    stopped.kill("SIGINT");
    assertEquals((await output).code, 130);
    const { code, stderr } = await put().output();
    const said = new TextDecoder().decode(stderr);
    assertEquals(code, 0, said);
    assertMatch(said, /"big": resuming at \d+ %/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Whether an unfinished upload has come some way. */
function hasUpload(dataFolder: string): boolean {
  return sizes(`${dataFolder}/uploads`).some((size) => size > 20_000_000);
}

/** Whether a partial file has come some way. */
function hasPart(folder: string): boolean {
  return sizes(folder, /\.morsel-part$/).some((size) => size > 20_000_000);
}

function sizes(folder: string, names = /./): number[] {
  return [...Deno.readDirSync(folder)].filter(({ name }) => names.test(name)).map(({ name }) => {
    try {
      return Deno.statSync(`${folder}/${name}`).size;
    } catch {
      return 0; // renamed or removed meanwhile
    }
  });
}

/** Looks again and again until it is so, for a bounded time: the other process tells no other way. */
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!isSo()) {
    assert(performance.now() < endMs, "It did not come about within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
