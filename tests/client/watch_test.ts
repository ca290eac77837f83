// Watches over connections that are lost, servers that are restarted, and consumers that take their time.

import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertRejects,
} from "@std/assert";
import type { Clock } from "../../lib/base/clock.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { checkName } from "../../lib/base/names.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import type { Change } from "../../lib/client/types.ts";
import type { Watch } from "../../lib/client/watch.ts";
import { welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { FROM_NOW, type MessageOf } from "../../lib/protocol/messages.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { CHANGES_DROPPED_AT_ONCE } from "../../lib/store/catalog.ts";
import { inlineFile } from "../support/catalog_records.ts";
import { contentOf } from "../support/content.ts";
import { cutConnection } from "../support/cut_connection.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { wholeLog } from "../support/log_problems.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";

/** The pauses between attempts are no matter here: they pass at once. */
const impatient = {
  ...systemClock,
  holdingTimer: (_ms: number, task: () => void) => systemClock.holdingTimer(0, task),
};

Deno.test("watch() tells of puts and removals in their order, a move as both", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const before = await client.put("before", "1");
  await using fresh = await client.watch();
  await using whole = await client.watch({ since: 0 });
  await using docs = await client.watch({ since: 0, prefix: "docs/" });
  assertEquals([fresh.sequence, whole.sequence, docs.sequence], [1, 0, 0]);
  const put = await client.put("a", "content", { modifiedMs: 5, metadata: { k: "v" } });
  const copied = await client.copy("a", "docs/b");
  const moved = await client.move("a", "docs/c");
  await client.remove("docs/b");
  const changes = await take(fresh, 5);
  assertEquals(changes.slice(0, 2), [entryOf(put), entryOf(copied)]);
  assertEquals(changes[3], entryOf(moved));
  assertEquals(changes.map(wordsOf), [
    "2 put a",
    "3 put docs/b",
    "4 remove a",
    "5 put docs/c",
    "6 remove docs/b",
  ]);
  const removal = changes[4]!;
  assert(removal.kind === "remove" && removal.removedMs >= put.committedMs);
  assertEquals(await take(whole, 6), [entryOf(before), ...changes]);
  assertEquals(await take(docs, 3), changes.filter(({ name }) => name.startsWith("docs/")));
});

Deno.test("watch() loses and repeats nothing, wherever connections are cut", async () => {
  const catalog = new MemoryCatalog(systemClock);
  await using server = await memoryServer({ catalog, clientClock: impatient });
  let connections = 0;
  await using client = await server.connectLasting({
    // Behind Welcome and Watching come no change at all, a piece of one, several.
    wrap: (connection, index) => {
      connections++;
      return cutConnection(connection, { afterReceived: 100 + (index * 37) % 1000 });
    },
  });
  await using watch = await client.watch({ since: 0 });
  const writing = writeOn(catalog, 400);
  const changes = await take(watch, 400);
  await writing;
  assertEquals(changes.map(wordsOf), (await wholeLog(catalog)).map(wordsOfLog));
  assertEquals(watch.sequence, 400);
  assertGreater(connections, 20);
});

Deno.test("watch() goes on behind what it has on another server, after a stop or a sudden end", async () => {
  const catalog = new MemoryCatalog(systemClock);
  let server = await memoryServer({ catalog });
  await using client = await FileClient.connect({
    clock: impatient,
    retryMs: 60_000,
    random: () => 0,
    dial: () => Promise.resolve(server.open()),
  });
  await using watch = await client.watch({ prefix: "1/" });
  const writing = writeOn(catalog, 3000);
  const taken = take(watch, 600);
  for (let restart = 0; restart < 6; restart++) {
    await change(catalog);
    const old = server;
    server = await memoryServer({ catalog });
    await end(old, restart % 2 === 0 ? "drain" : "cut");
  }
  await writing;
  const log = (await wholeLog(catalog)).map(wordsOfLog).filter((words) => / 1\//.test(words));
  assertEquals(log.length, 600);
  assertEquals((await taken).map(wordsOf), log);
  await server[Symbol.asyncDispose]();
});

Deno.test("a consumer that takes its time holds nobody up, and gets all in the end", async () => {
  const clock = new FakeClock();
  const catalog = new MemoryCatalog(clock);
  await using server = await memoryServer({ catalog, clock });
  for (let index = 0; index < 3500; index++) await catalog.commit(inlineFile("a", contentOf(1)));
  await using client = await server.connect();
  await using watch = await client.watch({ since: 0 });
  await clock.advance(3_600_000);
  assertEquals(told(server), 1000);
  assertEquals(await client.uploads(), []);
  const changes = watch[Symbol.asyncIterator]();
  for (let sequence = 1; sequence <= 3500; sequence++) {
    assertEquals((await changes.next()).value?.sequence, sequence);
    assertEquals(watch.sequence, sequence);
    assertLess(told(server) - sequence, 1001);
  }
  assertEquals(told(server), 3500);
});

Deno.test("a watch that has nothing to tell is kept for hours", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  await using client = await server.connect();
  await using watch = await client.watch();
  await clock.advance(10 * 3_600_000);
  const taken = take(watch, 1);
  await client.put("a", "1");
  assertEquals((await taken).map(wordsOf), ["1 put a"]);
});

Deno.test("a watch that loses its connection every hour is not given up for that", async () => {
  const clock = new FakeClock();
  const catalog = new MemoryCatalog(clock);
  await using server = await memoryServer({ catalog, clock });
  const open: { close(): void }[] = [];
  let reconnects = 0;
  await using client = await server.connectLasting({
    wrap: (connection) => {
      open.push(connection);
      return connection;
    },
    onReconnecting: ({ attempt }) => {
      reconnects++;
      assertEquals(attempt, 1);
    },
  });
  await using watch = await client.watch();
  const taken = take(watch, 1);
  for (let hour = 0; hour < 5; hour++) {
    await clock.advance(3_600_000);
    open.at(-1)!.close();
  }
  await clock.advance(1000);
  await catalog.commit(inlineFile("a", contentOf(1)));
  assertEquals((await taken).map(wordsOf), ["1 put a"]);
  assertEquals(reconnects, 5);
});

Deno.test("a watch goes on without a server for as long as it was told, and for ever if for ever", async () => {
  const clock = new FakeClock();
  const catalog = new MemoryCatalog(clock);
  await using server = await memoryServer({ catalog, clock });
  const open: { close(): void }[] = [];
  let isAway = false;
  const attempts: number[] = [];
  await using client = await server.connectLasting({
    onReconnecting: ({ attempt }) => attempts.push(attempt),
    wrap: (connection) => {
      if (isAway) {
        connection.close();
        throw new MorselError("connection", "Nobody is there");
      }
      open.push(connection);
      return connection;
    },
  });
  await using short = await client.watch();
  await using long = await client.watch({ retryMs: Infinity });
  const ended = assertRejects(() => take(short, 1), MorselError, "gave up after 60 s");
  const taken = take(long, 1);
  isAway = true;
  open[0]!.close();
  await clock.advance(3_600_000);
  await ended;
  assertEquals(attempts, attempts.map((_, index) => index + 1), "each attempt is told once");
  isAway = false;
  await clock.advance(10_000);
  await catalog.commit(inlineFile("a", contentOf(1)));
  assertEquals((await taken).map(wordsOf), ["1 put a"]);
});

Deno.test("a watch ends with its loop, its signal, its client, and then on the server too", async () => {
  const catalog = new MemoryCatalog(systemClock);
  await using server = await memoryServer({ catalog });
  await using client = await server.connect();
  await client.put("a", "1");
  for await (const { sequence } of await client.watch({ since: 0 })) {
    assertEquals(sequence, 1);
    break;
  }
  await client.stat("a");
  assertEquals(catalog.log.listeners, 0);

  const stop = new AbortController();
  const stopped = await client.watch({ signal: stop.signal });
  const next = take(stopped, 1);
  const reason = new Error("enough");
  stop.abort(reason);
  assertEquals(await next.catch((thrown) => thrown), reason);
  assertEquals(await client.watch({ signal: stop.signal }).catch((thrown) => thrown), reason);
  await client.stat("a");
  assertEquals(catalog.log.listeners, 0);

  const left = await client.watch();
  const waiting = take(left, 1);
  await client.close();
  const error = await assertRejects(() => waiting, MorselError);
  assertEquals([error.code, error.message], ["connection", "The client was closed"]);
  await server.ended();
  assertEquals(catalog.log.listeners, 0);
});

Deno.test("a signal ends the loop at once, whatever has come already", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  for (const name of ["a", "b", "c"]) await client.put(name, "1");
  const stop = new AbortController();
  const watch = await client.watch({ since: 0, signal: stop.signal });
  const seen: string[] = [];
  const reason = await (async () => {
    for await (const change of watch) {
      seen.push(wordsOf(change));
      await settled();
      stop.abort();
    }
  })().catch((thrown) => thrown);
  assertEquals([seen, reason], [["1 put a"], stop.signal.reason]);
  assertEquals(watch.sequence, 1);
});

Deno.test("changes that are not kept any more are gone, at the beginning and after a long break", async () => {
  const catalog = new MemoryCatalog(systemClock, { changes: 10 });
  await using server = await memoryServer({ catalog, clientClock: impatient });
  const held = Promise.withResolvers<void>();
  let mayDial = Promise.resolve();
  let first: { close(): void } | undefined;
  await using client = await FileClient.connect({
    clock: impatient,
    retryMs: 60_000,
    random: () => 0,
    dial: async () => {
      await mayDial;
      const connection = server.open();
      first ??= connection;
      return connection;
    },
  });
  await catalog.commit(inlineFile("first", contentOf(1)));
  const watch = await client.watch({ since: 0 });
  const taken = take(watch, 2);
  await settled();
  mayDial = held.promise;
  first!.close();
  for (let index = 0; index < CHANGES_DROPPED_AT_ONCE; index++) {
    await catalog.commit(inlineFile("a", contentOf(1)));
  }
  held.resolve();
  const error = await assertRejects(() => taken, MorselError);
  assertEquals([error.code, error.detail], ["gone", { first: "991", last: "1001" }]);
  assertEquals(watch.sequence, 1);
  const late = await assertRejects(() => client.watch({ since: 1 }), MorselError);
  assertEquals(late.code, "gone");
  for (const since of [-1, 0.5, NaN]) {
    assertEquals((await assertRejects(() => client.watch({ since }), MorselError)).code, "invalid");
  }
});

for (
  const [what, replies] of [
    ["repeats a change", [place("Watching", 5), file(6), file(6)]],
    ["goes back", [place("Watching", 5), file(6), place("Watched", 5)]],
    ["tells of what was before", [place("Watching", 5), file(5)]],
    ["tells of more than was asked for", [place("Watching", 5), ...range(6, 1006).map(file)]],
    ["answers with something else", [{ type: "Page", tag: 1, more: 0 } as const]],
  ] as const
) {
  Deno.test(`a server that ${what} is not believed`, async () => {
    const { server, client } = await welcomed(systemClock);
    const watching = client.watch({ since: 5 });
    assertEquals((await server.expect("Watch")).since, 5);
    void server.send(...replies);
    const error = await watching.then((watch) => take(watch, 2000)).catch((thrown) => thrown);
    assertInstanceOf(error, MorselError);
    assertEquals(error.code, "protocol");
    await client.close();
  });
}

Deno.test("a server that leaves the Cancel of a watch without an answer is given up", async () => {
  const clock = new FakeClock();
  const { server, client } = await welcomed(clock);
  const watching = client.watch();
  assertEquals((await server.expect("Watch")).since, FROM_NOW);
  await server.send(place("Watching", 5));
  const watch = await watching;
  const closing = watch.close();
  const rest = (async () => {
    for (let message = await server.next(); message; message = await server.next()) {
      if (message.type === "Ping") await server.send({ type: "Pong", tag: message.tag });
    }
  })();
  await closing;
  await clock.advance(2.5 * DEFAULT_LIMITS.stallMs);
  await rest;
  const error = await assertRejects(() => client.stat("a"), MorselError);
  assertEquals(error.code, "connection");
});

/** A client, and the server by hand that has welcomed it. */
async function welcomed(clock: Clock): Promise<{ server: RawPeer; client: FileClient }> {
  const [near, far] = memoryPair();
  const server = new RawPeer(far);
  const opening = FileClient.open(near, { clock });
  const greeting = await server.expect("Hello");
  const bootId = new Uint8Array(16);
  await server.send(welcome(greeting, { limits: DEFAULT_LIMITS, bootId }).reply);
  return { server, client: await opening };
}

/** The first so many changes of a watch, which is closed then. */
async function take(watch: Watch, count: number): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const change of watch) {
    changes.push(change);
    if (changes.length === count) break;
  }
  return changes;
}

/** Makes changes, of which one in five is under `1/`, with time for others between them. */
async function writeOn(catalog: MemoryCatalog, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const name = `${index % 5}/${index % 20}`;
    if (index % 40 < 20) await catalog.commit(inlineFile(name, contentOf(1 + index % 3)));
    else await catalog.remove(checkName(name), { kind: "any" });
    if (index % 7 === 0) await new Promise<void>((resolve) => systemClock.soon(resolve));
  }
}

/** Settles after the next changes. */
async function change({ log }: MemoryCatalog): Promise<void> {
  for (let left = 100; left > 0; left--) {
    await new Promise<void>((resolve) => {
      const leave = log.onChange(() => {
        leave();
        resolve();
      });
    });
  }
}

/** Ends a server, but not the catalog. */
async function end(server: MemoryServer, how: "drain" | "cut"): Promise<void> {
  if (how === "drain") server.drain();
  await server[Symbol.asyncDispose]();
}

/** How many changes a server has told of. */
function told({ trace }: MemoryServer): number {
  return trace.filter((line) => line.startsWith("S: File")).length;
}

function entryOf(file: Extract<Change, { kind: "put" }>["file"]): Change {
  return { kind: "put", sequence: file.version, name: file.name, file };
}

function wordsOf({ sequence, kind, name }: Change): string {
  return `${sequence} ${kind} ${name}`;
}

function wordsOfLog(change: Awaited<ReturnType<typeof wholeLog>>[number]): string {
  const name = change.kind === "put" ? change.file.name : change.name;
  return `${change.sequence} ${change.kind} ${name}`;
}

function place(type: "Watching" | "Watched", sequence: number) {
  return { type, tag: 1, sequence } as const;
}

function file(version: number): MessageOf<"File"> {
  return {
    type: "File",
    tag: 1,
    version,
    size: 0,
    committedMs: 0,
    modifiedMs: 0,
    digest: new Uint8Array(32),
    metadata: {},
    name: "a",
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
