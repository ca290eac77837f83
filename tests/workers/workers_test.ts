// A server of two processes: that everything holds in both, and what becomes of one when the other is killed.

import { assert, assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import { toHex } from "../../lib/base/hex.ts";
import { errorCodeOf, MorselError } from "../../lib/base/errors.ts";
import { MerkleHasher } from "../../lib/base/merkle.ts";
import { parseAddress } from "../../lib/cli/address.ts";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import { connect, type FileClient } from "../../mod.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { begin, commit, data, read } from "../support/requests.ts";
import { ServerProcess } from "../support/server_process.ts";
import {
  clientOf,
  connectionsOf,
  isAlive,
  type Listening,
  until,
  workersOf,
} from "../support/worker_processes.ts";

const ignore = Deno.build.os !== "linux";
const SMALL = contentOf(1000);
/** In a blob, and more than what is on its way between two sockets. */
const LARGE = contentOf(24 * 1024 * 1024);

interface Stand {
  readonly server: Listening;
  readonly worker: number;
  readonly dataFolder: string;
}

function test(
  sentence: string,
  act: (stand: Stand) => Promise<void>,
  args: (dataFolder: string) => string[] = () => [],
): void {
  Deno.test({ name: sentence, ignore, fn: () => withServer(args, act) });
}

async function withServer(
  args: (dataFolder: string) => string[],
  act: (stand: Stand) => Promise<void>,
): Promise<void> {
  const dataFolder = await Deno.makeTempDir({ prefix: "morsel-workers-" });
  try {
    await using server = await ServerProcess.start({
      dataFolder,
      args: ["--workers", "2", ...args(dataFolder)],
    });
    const workers = workersOf(server);
    assertEquals(workers.length, 1);
    await act({ server, dataFolder, worker: workers[0]! });
  } finally {
    await Deno.remove(dataFolder, { recursive: true });
  }
}

test("both processes of a server do everything, and see what the other has done", async (stand) => {
  const { server, worker } = stand;
  const clients: FileClient[] = [];
  for (let index = 0; index < 24; index++) clients.push(await connect(server.address));
  assertGreater(connectionsOf(server.pid, server), 0);
  assertGreater(connectionsOf(worker, server), 0);
  await Promise.all(clients.map(async (client, index) => {
    const [own, small, large] = [`${index}/`, `${index}/small`, `${index}/large`];
    const content = contentOf(100_000 + index, index);
    const stored = await client.put(small, SMALL, { metadata: { index: `${index}` } });
    assertEquals(await client.stat(small), stored, "a session reads what it has written");
    assertEquals(await (await client.get(small)).bytes(), SMALL);
    await client.put(large, content);
    assertEquals(await (await client.get(large)).bytes(), content);
    await refused(client.put(small, "other", { ifAbsent: true }), "conflict");
    await client.put(small, "new", { ifVersion: stored.version });
    await client.copy(large, `${own}copy`);
    await client.move(large, `${own}moved`);
    await client.remove(`${own}copy`);
    await refused(client.stat(large), "not_found");
    await refused(client.remove(large), "not_found");
  }));
  const seen = await Promise.all(
    clients.map((client) => Array.fromAsync(client.list(), ({ name, version }) => name + version)),
  );
  assertEquals(seen[0]!.length, 2 * clients.length);
  for (const names of seen) assertEquals(names, seen[0]);
  for (const [index, client] of clients.entries()) {
    const name = `${clients.length - 1 - index}/moved`;
    const size = 100_000 + clients.length - 1 - index;
    assertEquals((await (await client.get(name)).bytes()).length, size);
    await client.close();
  }
});

test("a worker tells a watcher of what is changed through the other process", async (stand) => {
  await using watcher = await clientOf(stand.worker, stand.server);
  await using writer = await clientOf(stand.server.pid, stand.server);
  await using watch = await watcher.watch();
  const changes = watch[Symbol.asyncIterator]();
  for (const name of ["a", "b", "c"]) {
    await writer.put(name, name);
    const { value } = await changes.next();
    assertEquals(value?.kind === "put" ? value.file.name : value?.kind, name);
  }
});

test("a file that goes while a worker reads it is read to its end, with its proofs", async (stand) => {
  const { server, worker, dataFolder } = stand;
  await using writer = await clientOf(server.pid, server);
  await writer.put("a", LARGE);
  const peer = await peerOf(worker, server);
  await peer.send(read(1, { chunk: 1_048_576, proof: 1 }));
  const { version } = await peer.expect("File");
  await writer.put("a", "another");
  await writer.remove("a");
  const hasher = new MerkleHasher();
  let message = await peer.next();
  for (; message?.type === "Data"; message = await peer.next()) hasher.update(message.data);
  assertEquals(toHex(hasher.digest()), toHex(digestOf(LARGE)));
  assertEquals(message?.type, "Proof");
  assertEquals((await peer.expect("End")).offset, LARGE.length);
  // The session has it still: a range of it needs hashes of the catalog.
  await peer.send(read(2, { version, offset: 65_536, length: 65_536, proof: 1 }));
  for (message = await peer.next(); message?.type === "Data";) message = await peer.next();
  assert(message?.type === "Proof" && message.hashes.length > 0);
  await peer.expect("End");
  assertEquals(await blobsIn(dataFolder), 1, "it is there as long as it is read");
  peer.connection.close();
  await until(async () => await blobsIn(dataFolder) === 0);
  await refused((await clientOf(worker, server)).get("a"), "not_found");
});

test("blobs that a worker that was killed had open go all the same", async (stand) => {
  const { server, worker, dataFolder } = stand;
  await using writer = await clientOf(server.pid, server);
  await writer.put("a", LARGE);
  const peer = await peerOf(worker, server);
  await peer.send(read(1, { chunk: 1_048_576 }));
  await peer.expect("File");
  await writer.remove("a");
  assertEquals(await blobsIn(dataFolder), 1);
  Deno.kill(worker, "SIGKILL");
  await until(async () => await blobsIn(dataFolder) === 0);
});

test("a worker that is killed under load is replaced, and its clients go on", async (stand) => {
  const { server, worker } = stand;
  const clients = [await clientOf(worker, server), await clientOf(worker, server)];
  const [reader, writer] = clients;
  await writer!.put("a", LARGE);
  let hasBegun = false;
  const onProgress = () => {
    if (hasBegun) return;
    hasBegun = true;
    Deno.kill(worker, "SIGKILL");
  };
  const other = contentOf(LARGE.length, 2);
  const put = writer!.put("b", other, { onProgress });
  const got = (await reader!.get("a")).bytes();
  await put;
  assertEquals(await got, LARGE);
  assert(hasBegun);
  await until(() => workersOf(server).some((pid) => pid !== worker));
  const [next] = workersOf(server);
  await until(async () => {
    await using client = await connect(server.address);
    return connectionsOf(next!, server) > 0 && client !== undefined;
  });
  await using client = await clientOf(next!, server);
  assertEquals(await (await client.get("b")).bytes(), other);
  for (const client of clients) await client.close();
  server.kill("SIGTERM");
  const { code, err } = await server.ended;
  assertEquals(code, 0);
  assertMatch(err, /^morsel: A worker ended with SIGKILL; another is started in 0\.1 s$/m);
});

test("the workers of a server that is killed end, and the next start has all that was safe", async (stand) => {
  const { server, worker, dataFolder } = stand;
  const client = await clientOf(worker, server);
  await client.put("a", LARGE);
  const peer = await peerOf(worker, server);
  await peer.send(begin(1, { name: "late", declaredSize: LARGE.length, modifiedMs: 5 }));
  await peer.expect("Begun");
  const half = LARGE.length / 2;
  for (let offset = 0; offset < half; offset += 1_048_576) {
    await peer.send(data(1, LARGE.subarray(offset, offset + 1_048_576), offset));
  }
  peer.connection.close();
  await until(async () => !(await client.uploads())[0]!.isAttached);
  server.kill("SIGKILL");
  await server.ended;
  await until(() => !isAlive(worker));
  await client.close();
  await using next = await ServerProcess.start({ dataFolder, args: ["--workers", "2"] });
  await using again = await clientOf(workersOf(next)[0]!, next);
  assertEquals(await (await again.get("a")).bytes(), LARGE);
  assertEquals((await again.uploads()).map(({ name }) => name), ["late"]);
  const offsets: number[] = [];
  await again.put("late", LARGE, {
    modifiedMs: 5,
    onEvent: (event) => event.kind === "resumed" && offsets.push(event.offset),
  });
  assertGreater(offsets[0] ?? 0, 0);
  assertEquals(await (await again.get("late")).bytes(), LARGE);
});

test("a stranger gets neither the folder nor the port of a server with workers", async (stand) => {
  const { server, dataFolder } = stand;
  const { port } = parseAddress(server.address, { source: "address" });
  const elsewhere = await Deno.makeTempDir({ prefix: "morsel-workers-" });
  for (const args of [[], ["--workers", "2"]]) {
    await using onFolder = new ServerProcess({ dataFolder, args });
    assertMatch((await onFolder.ended).err, /is in use by another server/);
    await using onPort = new ServerProcess({ dataFolder: elsewhere, port, args });
    const { code, err } = await onPort.ended;
    assertEquals(code, 8);
    assertMatch(err, /Cannot listen on .*choose another place/);
  }
  await Deno.remove(elsewhere, { recursive: true });
  await using client = await connect(server.address);
  assertEquals(await Array.fromAsync(client.list()), []);
});

test(
  "the log and the numbers of a server are those of both processes",
  async ({ server, worker, dataFolder }) => {
    const token = await tokenOf(dataFolder, "create", "all", ["--allow", "read,list,write,delete"]);
    const own = await tokenOf(dataFolder, "create", "cam", ["--prefix", "cam/"]);
    const pids = [server.pid, worker];
    for (const pid of pids) {
      await using client = await clientOf(pid, server, { token });
      await client.put(`${pid}`, SMALL);
      await refused(client.stat("none"), "not_found");
    }
    for (const pid of pids) {
      await using client = await clientOf(pid, server, { token });
      // What a worker has counted it tells within a second.
      await until(async () => (await client.stats()).commits === 2);
      const { files, ownFiles, ownBytes } = await client.stats();
      assertEquals([files, ownFiles, ownBytes], [2, 2, 2 * SMALL.length]);
      await using limited = await clientOf(pid, server, { token: own });
      assertEquals(Object.keys(await limited.stats()).filter((key) => !/^own/.test(key)), []);
    }
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
    const lines = (await Deno.readTextFile(`${dataFolder}/log`)).trimEnd().split("\n")
      .map((line): Record<string, unknown> => JSON.parse(line));
    for (const event of ["listening", "authenticated", "commit", "request_failed", "stopped"]) {
      const of = lines.filter((line) => line.event === event).map((line) => line.worker);
      assertEquals(new Set(of), new Set([undefined, 1]), event);
    }
    const commits = lines.filter(({ event }) => event === "commit").map(({ name }) => name);
    assertEquals(commits.toSorted(), pids.map(String).toSorted());
  },
  (dataFolder) => ["--log", `${dataFolder}/log`],
);

test("a stop lets what a worker does end within the grace", async ({ server, worker, dataFolder }) => {
  const peer = await peerOf(worker, server);
  await peer.send(begin(1, { name: "late" }), data(1, SMALL.subarray(0, 10)));
  await peer.expect("Begun");
  server.kill("SIGTERM");
  await peer.expect("Drain");
  await peer.send(
    data(1, SMALL.subarray(10), 10),
    commit(1, SMALL),
  );
  assertEquals((await peer.expect("File")).name, "late");
  peer.connection.close();
  assertEquals((await server.ended).code, 0);
  assert(!isAlive(worker));
  await using next = await ServerProcess.start({ dataFolder });
  await using client = await connect(next.address);
  assertEquals(await (await client.get("late")).bytes(), SMALL);
});

test("an upload that a worker's client has left goes on through any process", async (stand) => {
  const { server, worker } = stand;
  const peer = await peerOf(worker, server);
  await peer.send(begin(1, { name: "a", declaredSize: LARGE.length, modifiedMs: 5 }));
  await peer.expect("Begun");
  await peer.send(data(1, LARGE.subarray(0, 1_000_000)));
  await using owner = await clientOf(server.pid, server);
  const held = await owner.uploads();
  assertEquals(held.map(({ name, isAttached }) => [name, isAttached]), [["a", true]]);
  peer.connection.close();
  await until(async () => !(await owner.uploads())[0]!.isAttached);
  const offsets: number[] = [];
  await owner.put("a", LARGE, {
    modifiedMs: 5,
    onEvent: (event) => event.kind === "resumed" && offsets.push(event.offset),
  });
  assertGreater(offsets[0] ?? 0, 0);
  // And the other way: taken from the owner by a worker.
  const second = await peerOf(server.pid, server);
  const about = { name: "b", declaredSize: LARGE.length, modifiedMs: 5 };
  await second.send(begin(1, about));
  await second.expect("Begun");
  await second.send(data(1, LARGE.subarray(0, 1_000_000)));
  const third = await peerOf(worker, server);
  await third.send(begin(1, { ...about, resume: 1 }));
  const { epoch, offset } = await third.expect("Begun");
  assertEquals(epoch, 2);
  if (offset > 0) assertEquals((await third.expect("Leaves")).hashes.length, offset / 65_536 * 32);
  await second.send(data(1, SMALL, 1_000_000));
  assertEquals(errorCodeOf((await second.expect("Error")).code), "fenced");
  for (let at = offset; at < LARGE.length; at += 1_000_000) {
    await third.send(data(1, LARGE.subarray(at, at + 1_000_000), at));
  }
  await third.send(commit(1, LARGE));
  while ((await third.next())?.type !== "File");
  assertEquals(await (await owner.get("b")).bytes(), LARGE);
  for (const { connection } of [second, third]) connection.close();
});

test("damage that a worker finds is marked, and putting the file again mends it", async (stand) => {
  const { server, worker, dataFolder } = stand;
  await using owner = await clientOf(server.pid, server);
  await owner.put("a", LARGE);
  const [blob] = await blobPaths(dataFolder);
  await Deno.truncate(blob!, 1000);
  await using client = await clientOf(worker, server);
  await refused(client.get("a").then((download) => download.bytes()), "integrity");
  await until(() =>
    owner.get("a").then((download) => download.bytes()).then(
      () => false,
      (thrown) => /is damaged as its blob has 1000 bytes/.test(thrown.message),
    )
  );
  await client.put("a", LARGE);
  assertEquals(await (await client.get("a")).bytes(), LARGE);
});

test("tokens hold in a worker: their rights, their quota and their end", async (stand) => {
  const { server, worker, dataFolder } = stand;
  const token = await tokenOf(dataFolder, "create", "cam", [
    ...["--allow", "read,list,create", "--prefix", "cam/", "--files", "1"],
  ]);
  const client = await clientOf(worker, server, { token, retryMs: 0 });
  await client.put("cam/a", SMALL);
  assertEquals(await (await client.get("cam/a")).bytes(), SMALL);
  await refused(client.put("cam/b", SMALL), "quota");
  await refused(client.copy("cam/a", "cam/b"), "quota");
  await refused(client.put("other", SMALL), "forbidden");
  await refused(client.put("cam/a", "new"), "conflict");
  await refused(client.remove("cam/a"), "forbidden");
  await refused(connect(server.address), "authentication");
  await tokenOf(dataFolder, "revoke", "cam");
  await until(() => client.stat("cam/a").then(() => false, () => true));
  await client.close();
});

Deno.test({
  name: "workers speak TLS with the certificate of their server",
  ignore,
  fn: () =>
    withServer(() => ["--tls", "auto"], async ({ server, worker, dataFolder }) => {
      const ca = await Deno.readTextFile(`${dataFolder}/tls/ca.pem`).catch(() => undefined);
      assert(ca !== undefined, "the authority is in the data folder");
      const address = { ...parseAddress(server.address, { source: "address" }), tls: { ca } };
      const clients: FileClient[] = [];
      for (let index = 0; index < 24; index++) clients.push(await connect(address));
      assertGreater(connectionsOf(server.pid, server), 0);
      assertGreater(connectionsOf(worker, server), 0);
      await Promise.all(clients.map(async (client, index) => {
        await client.put(`${index}`, contentOf(200_000, index));
        assertEquals(await (await client.get(`${index}`)).bytes(), contentOf(200_000, index));
        await client.close();
      }));
    }),
});

async function peerOf(pid: number, server: Listening): Promise<RawPeer> {
  const address = parseAddress(server.address, { source: "address" });
  for (let attempt = 0; attempt < 200; attempt++) {
    const before = connectionsOf(pid, server);
    const peer = new RawPeer(await denoNetwork.connect(address));
    await peer.greet();
    if (connectionsOf(pid, server) > before) return peer;
    peer.connection.close();
  }
  throw new Error(`No connection reaches the process ${pid}`);
}

async function refused(work: Promise<unknown>, code: string): Promise<void> {
  const error = await assertRejects(() => work, MorselError);
  assertEquals(error.code, code, error.message);
}

async function blobPaths(dataFolder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(`${dataFolder}/blobs`)) {
    for await (const blob of Deno.readDir(`${dataFolder}/blobs/${name}`)) {
      found.push(`${dataFolder}/blobs/${name}/${blob.name}`);
    }
  }
  return found;
}

async function blobsIn(dataFolder: string): Promise<number> {
  return (await blobPaths(dataFolder)).length;
}

async function tokenOf(dataFolder: string, ...words: (string | string[])[]): Promise<string> {
  const root = new URL("../../", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${root}server.ts`, "token", ...words.flat(), "--data", dataFolder],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}
