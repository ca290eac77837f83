// The log of a server as a process of its own: docs/operating.md.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../client.ts";
import { runtimeNetwork } from "../../lib/runtime/runtime.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { ServerProcess } from "../support/server_process.ts";

type Line = Record<string, unknown>;

async function withServer(
  args: (folder: string) => string[],
  work: (server: ServerProcess & { address: string }, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const dataFolder = `${folder}/data`;
  await using server = await ServerProcess.start({ dataFolder, args: args(folder) });
  await work(server, folder);
  await server[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
}

async function put(address: string, name: string): Promise<void> {
  await using client = await connect(address);
  await client.put(name, "content");
}

function linesOf(text: string): Line[] {
  assertMatch(text, /\n$/);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("--log writes a line for each event, whatever names there are, and goes on where its file was renamed", async () => {
  await withServer((folder) => ["--log", `${folder}/log`], async (server, folder) => {
    await put(server.address, 'ünïcode 🍪 "\\u000a" \u202e');
    const [host = "", port] = server.address.split(":");
    const peer = new RawPeer(await (await runtimeNetwork()).connect({ host, port: Number(port) }));
    await peer.greet();
    const evil = 'x\n{"event":"commit","name":"forged"}\r\x1b[2J';
    await peer.send({ type: "Remove", tag: 1, condition: 0, ifVersion: 0, name: evil });
    await peer.expect("Error");
    peer.connection.close();
    await Deno.rename(`${folder}/log`, `${folder}/log.1`);
    await put(server.address, "after");
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
    const before = linesOf(await Deno.readTextFile(`${folder}/log.1`));
    const after = linesOf(await Deno.readTextFile(`${folder}/log`));
    const named = (event: string) =>
      [...before, ...after].filter((line) => line.event === event).map(({ name }) => name);
    assertEquals(named("commit"), ['ünïcode 🍪 "\\u000a" \u202e', "after"]);
    assertEquals(named("request_failed"), [evil]);
    assertEquals([before[0]!.event, before[0]!.address], ["listening", server.address]);
    assertEquals(after.at(-1)!.event, "stopped");
    assert(after.some(({ name }) => name === "after"));
  });
});

Deno.test("--log - shares standard error with messages, a line each, and leaves standard output alone", async () => {
  await withServer(() => ["--log", "-"], async (server) => {
    await put(server.address, "a");
    server.kill("SIGTERM");
    const { code, err } = await server.ended;
    assertEquals(code, 0);
    const lines = err.trimEnd().split("\n");
    const events = lines.filter((line) => line.startsWith("{")).map((line) =>
      JSON.parse(line).event
    );
    const all = ["listening", "connect", "commit", "disconnect", "stopping", "stopped"];
    assertEquals(events.toSorted(), all.toSorted());
    assertEquals(lines.length, events.length + 1);
  });
});

Deno.test({
  name: "a server whose log cannot be written says so once and goes on",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withServer(() => ["--log", "/dev/full"], async (server) => {
      await put(server.address, "a");
      await put(server.address, "b");
      server.kill("SIGTERM");
      const { code, err } = await server.ended;
      assertEquals(code, 0);
      assertEquals(
        err.match(/goes on without its log until that can be written again/g)?.length,
        1,
      );
    }),
});

Deno.test("a server goes on, and stops, though nobody reads the standard error that has its log", async () => {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      `${root}server.ts`,
      "--listen",
      "127.0.0.1:0",
      "--data",
      folder,
      "--log",
      "-",
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const address = /^listening on (\S+)\n$/.exec((await reader.read()).value!)![1]!;
  const [host = "", port] = address.split(":");
  const peer = new RawPeer(await (await runtimeNetwork()).connect({ host, port: Number(port) }));
  await peer.greet();
  const name = "n/".repeat(510);
  for (let tag = 1; tag <= 1000; tag++) {
    await peer.send({ type: "Remove", tag, condition: 0, ifVersion: 0, name });
    await peer.expect("Error");
  }
  peer.connection.close();
  await put(address, "a");
  child.kill("SIGTERM");
  // The pipe is read from once the process has gone.
  assertEquals((await child.status).code, 0);
  await reader.cancel();
  await child.stderr.cancel();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a server does not start with a log that it cannot open", async () => {
  const folder = await Deno.makeTempDir();
  const args = ["--log", `${folder}/none/log`];
  await using server = new ServerProcess({ dataFolder: `${folder}/data`, args });
  const { code, err } = await server.ended;
  assertEquals(code, 4);
  assertMatch(err, /^morsel: [^\n]*none\/log[^\n]*\n$/);
  await Deno.remove(folder, { recursive: true });
});
