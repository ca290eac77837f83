// get --connections: real clients of an in-memory server, and a folder.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { equals } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { clientProgram } from "../../lib/cli/client_program.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { contentOf } from "../support/content.ts";
import { systemError } from "../support/cli_run.ts";
import { type Cut, cutConnection } from "../support/cut_connection.ts";
import { FakeHost } from "../support/fake_host.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";

const MIB = 1024 * 1024;
// Large, as the server under test traces every one of them.
const CHUNK = 65536;
const CONTENT = contentOf(21 * MIB + 1234);

/** A server with one file, `big`, and a folder to fetch it to. */
class Stage implements AsyncDisposable {
  readonly host: FakeHost;
  readonly server: MemoryServer;
  /** Connections made by the last run. */
  connections = 0;
  /** How many files or ranges the last run asked for, by the connection. */
  readonly gets = new Map<number, number>();
  /** How the connections of a run are cut, by their number from 0 on. */
  cuts: Cut[] = [];
  /** How many connections are let in. */
  most = Infinity;

  private constructor(host: FakeHost, server: MemoryServer) {
    this.host = host;
    this.server = server;
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(await FakeHost.open(), await memoryServer());
    await stage.put(CONTENT);
    return stage;
  }

  async put(content: Uint8Array<ArrayBuffer>, name = "big"): Promise<void> {
    await using client = await this.server.connect();
    await client.put(name, content, { chunkSize: CHUNK });
  }

  /** Runs `get big`; returns its exit code. */
  get(...args: string[]): Promise<number> {
    return this.getNamed("big", ...args);
  }

  getNamed(name: string, ...args: string[]): Promise<number> {
    this.connections = 0;
    this.gets.clear();
    this.host.args = ["get", name, "--chunk-size", String(CHUNK), ...args];
    return clientProgram({
      host: this.host,
      clock: systemClock,
      version: "1.2.3",
      connect: () => this.#connect(),
    });
  }

  async assertFetched(content: Uint8Array = CONTENT): Promise<void> {
    assertEquals(await this.host.names(), ["big"], this.host.stderr.text);
    assert(equals(await Deno.readFile(`${this.host.folder}/big`), content), "other bytes");
  }

  async #connect(): Promise<FileClient> {
    const index = this.connections++;
    if (index >= this.most) throw new MorselError("busy", "It is full");
    const cut = this.cuts[index];
    const client = await this.server.connectLasting({
      retryMs: 0,
      wrap: (connection) => cut ? cutConnection(connection, cut) : connection,
    });
    const get = client.get.bind(client);
    client.get = (...args) => {
      this.gets.set(index, (this.gets.get(index) ?? 0) + 1);
      return get(...args);
    };
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }
}

Deno.test("get --connections fetches a file over so many, and each byte once", async () => {
  await using stage = await Stage.open();
  assertEquals(await stage.get("--connections", "4"), 0);
  assertEquals(stage.connections, 4);
  await stage.assertFetched();
  assertMatch(stage.host.stdout.text, /^big {2}v\d+ {2}21\.0 MiB {2}[0-9a-f]{64}\n$/);
  const asked = stage.server.trace.filter((line) => line.startsWith("C: ReadRange"));
  const offsets = asked.map((line) => Number(/ offset (\d+)/.exec(line)?.[1]));
  assertEquals(new Set(offsets).size, offsets.length, "something was asked for twice");
});

Deno.test("get --connections makes no more connections than there is work for", async () => {
  await using stage = await Stage.open();
  const small = contentOf(5 * MIB);
  await stage.put(small);
  assertEquals(await stage.get("--connections", "16"), 0);
  assertEquals(stage.connections, 2);
  await stage.assertFetched(small);
  await stage.put(new Uint8Array(0));
  assertEquals(await stage.get("--connections", "16"), 0);
  assertEquals(stage.connections, 1);
  await stage.assertFetched(new Uint8Array(0));
});

Deno.test("get goes on where several connections were lost, with any number of them", async () => {
  for (const again of ["1", "3", "8"]) {
    await using stage = await Stage.open();
    stage.cuts = [2, 3, 3].map((size) => ({ afterReceived: size * MIB }));
    assertEquals(await stage.get("--connections", "3"), 8);
    assertEquals((await stage.host.names()).length, 2, "the partial file is gone");
    stage.cuts = [];
    const before = stage.server.trace.length;
    assertEquals(await stage.get("--connections", again), 0);
    await stage.assertFetched();
    assertMatch(stage.host.stderr.text, /"big": resuming at \d+ %/);
    const data = stage.server.trace.slice(before).filter((line) => line.startsWith("S: Data"));
    // What was whole is not fetched again: one connection was cut after 2 MiB, and half a MiB is asked for in vain.
    assert(data.length * CHUNK < CONTENT.length - MIB, `${data.length} chunks again`);
  }
});

Deno.test("Ctrl-C during a large get says that the same command goes on, and it does", async () => {
  await using stage = await Stage.open();
  const { files } = stage.host;
  let written = 0;
  stage.host.files = {
    ...files,
    open: async (path, mode) => {
      const open = await files.open(path, mode);
      const { write } = open;
      open.write = (bytes, position) => {
        written += bytes.length;
        if (written > 3 * MIB) stage.host.signal("SIGINT");
        return write.call(open, bytes, position);
      };
      return open;
    },
  };
  assertEquals(await stage.get(), 130);
  assertEquals(stage.host.stderr.text, "morsel: Stopped; the same command goes on from there\n");
  stage.host.files = files;
  assertEquals(await stage.get(), 0);
  assertMatch(stage.host.stderr.text, /"big": resuming at \d+ %/);
  await stage.assertFetched();
});

Deno.test("get fetches again what was changed in the partial file", async () => {
  await using stage = await Stage.open();
  stage.cuts = [undefined, { afterReceived: 2 * MIB }].map((cut) => cut ?? {});
  assertEquals(await stage.get("--connections", "2"), 8);
  const [data] = await stage.host.names();
  const path = `${stage.host.folder}/${data}`;
  const bytes = await Deno.readFile(path);
  bytes[70_000]! ^= 1;
  await Deno.writeFile(path, bytes);
  stage.cuts = [];
  assertEquals(await stage.get("--connections", "2"), 0);
  await stage.assertFetched();
});

Deno.test("get keeps what it has fetched when the file cannot be put in place, and goes on with it", async () => {
  await using stage = await Stage.open();
  const { files } = stage.host;
  stage.host.files = { ...files, rename: () => Promise.reject(systemError("EBUSY")) };
  assertEquals(await stage.get(), 1);
  stage.host.files = files;
  assertEquals(await stage.get(), 0);
  assertStringIncludes(stage.host.stderr.text, '"big": resuming at 100 %');
  await stage.assertFetched();
});

Deno.test("get --connections goes on with those that the server lets in", async () => {
  await using stage = await Stage.open();
  stage.most = 2;
  assertEquals(await stage.get("--connections", "4"), 0);
  await stage.assertFetched();
  assertStringIncludes(
    stage.host.stderr.text,
    "morsel: The server lets 2 connections in, not 4; going on with those\n",
  );
});

Deno.test("get --connections begins afresh when the file is replaced on the way", async () => {
  await using stage = await Stage.open();
  const other = contentOf(20 * MIB, 2);
  stage.cuts = [1, 1].map((size) => ({ afterReceived: size * MIB }));
  assertEquals(await stage.get("--connections", "2"), 8);
  await stage.put(other);
  stage.cuts = [];
  assertEquals(await stage.get("--connections", "2"), 0);
  assert(equals(await Deno.readFile(`${stage.host.folder}/big`), other), "other bytes");
});

Deno.test("get --connections of a file that is not there makes nothing", async () => {
  await using stage = await Stage.open();
  stage.host.args = [];
  await using client = await stage.server.connect();
  await client.remove("big");
  assertEquals(await stage.get("--connections", "4"), 4);
  assertEquals(await stage.host.names(), []);
});

Deno.test("get -r --connections spreads the files of a folder over so many", async () => {
  await using stage = await Stage.open();
  const contents = [1, 2, 3, 4, 5, 6, 7].map((size) => contentOf(size * 100_000));
  for (const [index, content] of contents.entries()) await stage.put(content, `d/${index}`);
  assertEquals(await stage.getNamed("d", "--connections", "3", "-r"), 0);
  assertEquals([...stage.gets].sort(), [[0, 3], [1, 2], [2, 2]]);
  for (const [index, content] of contents.entries()) {
    assert(equals(await Deno.readFile(`${stage.host.folder}/d/${index}`), content), `${index}`);
  }
});

Deno.test("--connections that cannot be is a mistake", async () => {
  await using stage = await Stage.open();
  const mistakes: [string[], string][] = [
    [["--connections", "0"], '--connections "0" is not a whole number from 1 to 16'],
    [["--connections", "17"], "from 1 to 16"],
    [["--connections", "2", "-o", "-"], "--connections needs a file to write to"],
  ];
  for (const [args, message] of mistakes) {
    assertEquals([await stage.get(...args), stage.connections], [2, 0]);
    assertStringIncludes(stage.host.stderr.text, message);
  }
});
