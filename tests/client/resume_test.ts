// Transfers that go on after a lost connection, and calls that are made again or are not.

import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import type { Connection } from "../../lib/base/connection.ts";
import type { ByteSource, TransferEvent } from "../../lib/client/types.ts";
import { contentOf } from "../support/content.ts";
import { cutConnection } from "../support/cut_connection.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryServer } from "../support/memory_server.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";

/** The pauses between attempts are no matter here: they pass at once. */
const impatient = {
  ...systemClock,
  holdingTimer: (_ms: number, task: () => void) => systemClock.holdingTimer(0, task),
};

function source(content: Uint8Array, reads: number[] = []): ByteSource {
  return {
    read: (into, position) => {
      reads.push(position);
      const piece = content.subarray(position, position + into.length);
      into.set(piece);
      return Promise.resolve(piece.length);
    },
  };
}

Deno.test("put() goes on where the server's stable storage ends, wherever the connection is cut", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  const content = contentOf(3_000_000);
  for (const afterSent of [10, 29, 60, 100_000, 1_000_000, 2_999_000]) {
    const events: TransferEvent[] = [];
    const client = await server.connectLasting({
      wrap: (connection, index) =>
        index === 0 ? cutConnection(connection, { afterSent }) : connection,
    }).catch((error) => error);
    if (client instanceof Error) {
      assertEquals(afterSent, 10, "the greeting was sent whole");
      continue;
    }
    const name = `cut at ${afterSent}`;
    const put = {
      size: content.length,
      modifiedMs: 5,
      onEvent: (event: TransferEvent) => void events.push(event),
    };
    await client.put(name, source(content), put);
    assertEquals(await (await client.get(name)).bytes(), content);
    if (afterSent >= 1_000_000) {
      const [event] = events;
      assert(event?.kind === "resumed");
      assertEquals([event.offset % BLOCK_SIZE, event.total], [0, content.length]);
      assertGreater(event.offset, afterSent * 0.5);
    }
    await client.close();
  }
});

Deno.test("put() goes on too where it was the server's Acks that could not be delivered", async () => {
  await using server = await memoryServer({ clientClock: impatient, limits: { window: 524_288 } });
  const content = contentOf(3_000_000);
  for (const afterReceived of [125, 150, 200]) {
    const events: TransferEvent[] = [];
    await using client = await server.connectLasting({
      wrap: (connection, index) =>
        index === 0 ? cutConnection(connection, { afterReceived }) : connection,
    });
    const onEvent = (event: TransferEvent) => void events.push(event);
    const name = `cut after ${afterReceived}`;
    await client.put(name, source(content), { size: content.length, modifiedMs: 5, onEvent });
    assertEquals(events.map(({ kind }) => kind), ["resumed"]);
    assertEquals(await (await client.get(name)).bytes(), content);
  }
});

Deno.test("put() of another process goes on too, and reads what is durable only to hold it against the source", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  const content = contentOf(3_000_000);
  const about = { size: content.length, modifiedMs: 5 };
  const cut = await server.connectLasting({
    wrap: (connection) => cutConnection(connection, { afterSent: 2_000_000 }),
    retryMs: 0,
  });
  await assertRejects(() => cut.put("a", source(content), about), MorselError);
  await server.ended();
  await using client = await server.connect();
  const [upload] = await client.uploads();
  assert(upload);
  assertEquals([upload.name, upload.declaredSize, upload.isAttached], ["a", content.length, false]);
  const reads: number[] = [];
  const events: TransferEvent[] = [];
  const onEvent = (event: TransferEvent) => void events.push(event);
  await client.put("a", source(content, reads), { ...about, onEvent });
  assertEquals(events, [{ kind: "resumed", offset: upload.durable, total: content.length }]);
  assert(reads.filter((position) => position < upload.durable).length <= 8);
  assertEquals(await (await client.get("a")).bytes(), content);
  assertEquals(await client.uploads(), []);
});

Deno.test("put() starts afresh when the source has changed under the same size and time", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  const content = contentOf(3_000_000);
  const about = { size: content.length, modifiedMs: 5 };
  const cut = await server.connectLasting({
    wrap: (connection) => cutConnection(connection, { afterSent: 2_000_000 }),
    retryMs: 0,
  });
  await assertRejects(() => cut.put("a", source(content), about), MorselError);
  await server.ended();
  await using client = await server.connect();
  const other = contentOf(3_000_000, 2);
  const events: TransferEvent[] = [];
  await client.put("a", source(other), { ...about, onEvent: (event) => void events.push(event) });
  assertEquals(events.map(({ kind }) => kind), ["restarted"]);
  assertEquals(await (await client.get("a")).bytes(), other);
});

Deno.test("put() of a source that is changed on the way is not committed", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  let isChanged = false;
  const content = contentOf(300_000);
  const changing = { ...source(content), isUnchanged: () => Promise.resolve(!isChanged) };
  await client.put("a", changing, { size: content.length });
  isChanged = true;
  const put = client.put("b", changing, { size: content.length });
  assertEquals((await assertRejects(() => put, MorselError)).detail, { source: "changed" });
  await assertRejects(() => client.stat("b"), MorselError, "no file");
});

Deno.test("put() whose answer is lost is not made twice", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  const content = contentOf(200_000);
  // The greeting is 64 and 18 bytes longer by now; Begun is 37: the cut falls into File.
  for (const afterReceived of [82 + 37 + 30, 82 + 37 + 60]) {
    const cutOff = () =>
      server.connectLasting({
        wrap: (connection, index) =>
          index === 0 ? cutConnection(connection, { afterReceived }) : connection,
      });
    const about = { size: content.length, modifiedMs: 5 };
    const name = `lost after ${afterReceived}`;
    await using client = await cutOff();
    const { version } = await client.put(name, source(content), about);
    assertEquals((await client.stat(name)).version, version);
    assertEquals(await (await client.get(name)).bytes(), content);
    // With a condition it may be somebody else who has met it, and with the same.
    const later = { ...about, modifiedMs: 6 };
    for (
      const [target, condition] of [[`${name}!`, { ifAbsent: true }], [name, {
        ifVersion: version,
      }]] as const
    ) {
      await using other = await cutOff();
      const put = other.put(target, source(content), { ...later, ...condition });
      const error = await assertRejects(() => put, MorselError, "not known");
      assertEquals(error.code, "connection");
      assertEquals((await client.stat(target)).modifiedMs, 6);
    }
  }
});

Deno.test("put() with a condition is nobody else's, however the connection was cut", async () => {
  const paused = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const clientClock = {
    ...systemClock,
    holdingTimer: (_ms: number, task: () => void) => {
      paused.resolve();
      void goOn.promise.then(task);
      return () => {};
    },
  };
  await using server = await memoryServer({ clientClock });
  await using other = await server.connect();
  const content = contentOf(100_000);
  let whole!: Connection;
  await using before = await server.connectLasting({ wrap: (connection) => whole = connection });
  await before.put("look", content, { ifAbsent: true });
  // All but the last byte of Commit arrives.
  const afterSent = whole.bytesWritten - 1;
  await using client = await server.connectLasting({
    wrap: (connection, index) =>
      index === 0 ? cutConnection(connection, { afterSent }) : connection,
  });
  const put = client.put("lock", content, { ifAbsent: true });
  put.catch(() => {});
  await paused.promise;
  const { version } = await other.put("lock", content, { ifAbsent: true });
  goOn.resolve();
  const error = await assertRejects(() => put, MorselError, "not known");
  assertEquals([error.code, (await other.stat("lock")).version], ["connection", version]);
});

Deno.test("put() of little that is made again does not take an older file for its own", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  // Of its greeting the client has sent 29 bytes, and nothing of its request arrives.
  const cutOff = () =>
    server.connectLasting({
      wrap: (connection, index) =>
        index === 0 ? cutConnection(connection, { afterSent: 29 }) : connection,
    });
  await using other = await server.connect();
  const old = { modifiedMs: 1000, metadata: { of: "old" } };
  for (const changed of [{ modifiedMs: 2000.5 }, { metadata: { of: "new" } }, { metadata: {} }]) {
    const { version } = await other.put("a", "same", old);
    await using client = await cutOff();
    const file = await client.put("a", "same", { ...old, ...changed });
    assertEquals(file.version, version + 1);
    assertEquals((await other.stat("a")).metadata, { ...old, ...changed }.metadata);
  }
  const { version } = await other.put("a", "same", old);
  {
    await using client = await cutOff();
    assertEquals(await client.put("a", "same", old), await other.stat("a"));
  }
  {
    await using client = await cutOff();
    const error = await assertRejects(() => client.put("a", "same", { ...old, ifAbsent: true }));
    assert(error instanceof MorselError && error.code === "connection");
    assertStringIncludes(error.message, "not known");
  }
  await using client = await cutOff();
  assertEquals(
    (await client.put("a", "same", { ...old, ifVersion: version })).version,
    version + 1,
  );
});

Deno.test("the newest attach to an upload fences the older one off at once, dead or alive", async () => {
  await using server = await memoryServer();
  await using first = await server.connect();
  await using second = await server.connect();
  const content = contentOf(3_000_000);
  const about = { size: content.length, modifiedMs: 5 };
  const held = Promise.withResolvers<void>();
  const stuck = Promise.withResolvers<void>();
  const halfDead: ByteSource = {
    read: async (into, position) => {
      if (position > 1_500_000) {
        stuck.resolve();
        await held.promise;
      }
      return await source(content).read(into, position);
    },
  };
  const older = first.put("a", halfDead, about);
  older.catch(() => {});
  await stuck.promise;
  await settled();
  const { version } = await second.put("a", source(content), about);
  held.resolve();
  assertEquals((await assertRejects(() => older, MorselError)).code, "fenced");
  assertEquals((await second.stat("a")).version, version);
  assertEquals(await (await first.get("a")).bytes(), content);
});

Deno.test("get() goes on behind what is proven, wherever the connection is cut, with a sink and as a stream", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  const content = contentOf(3_000_000);
  await using putter = await server.connect();
  await putter.put("a", content);
  for (const afterReceived of [90, 200, 70_000, 600_000, 2_900_000]) {
    for (const how of ["bytes", "text"] as const) {
      await using client = await server.connectLasting({
        wrap: (connection, index) =>
          index < 2 ? cutConnection(connection, { afterReceived }) : connection,
      });
      const download = await client.get("a");
      if (how === "bytes") assertEquals(await download.bytes(), content);
      else {assertEquals(
          new Uint8Array(await new Response(download.readable).arrayBuffer()),
          content,
        );}
    }
  }
});

Deno.test("get() that is cut never yields a mixture: a replaced version is gone", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  await using putter = await server.connect();
  await putter.put("a", contentOf(3_000_000, 1));
  await using client = await server.connectLasting({
    wrap: (connection, index) =>
      // More than is asked for ahead while nobody takes the bytes: the cut comes after the second put.
      index === 0 ? cutConnection(connection, { afterReceived: 2_000_000 }) : connection,
  });
  const download = await client.get("a");
  await putter.put("a", contentOf(3_000_000, 2));
  assertEquals((await assertRejects(() => download.bytes(), MorselError)).code, "gone");
});

Deno.test("calls that change nothing are made again; others say that their outcome is not known", async () => {
  await using server = await memoryServer({ clientClock: impatient });
  await using putter = await server.connect();
  await putter.put("a", "content");
  const wrap = (connection: Parameters<typeof cutConnection>[0], index: number) =>
    index === 0 ? cutConnection(connection, { afterReceived: 90 }) : connection;
  await using asker = await server.connectLasting({ wrap });
  assertEquals((await asker.stat("a")).name, "a");
  await using remover = await server.connectLasting({ wrap });
  const error = await assertRejects(() => remover.remove("a"), MorselError, "is not known");
  assertEquals(error.code, "connection");
});

Deno.test("a client that cannot connect again gives up in the time it was given, with growing pauses", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const pauses: number[] = [];
  await using client = await server.connectLasting({
    retryMs: 20_000,
    onReconnecting: ({ pauseMs }) => pauses.push(pauseMs),
    wrap: (connection, index) => {
      if (index === 0) return connection;
      connection.close();
      throw new MorselError("connection", "Nobody is there");
    },
  });
  server.drain();
  await settled();
  let error: unknown;
  client.stat("a").catch((thrown) => error = thrown);
  await clock.advance(19_000);
  assertEquals(error, undefined);
  await clock.advance(10_000);
  assert(error instanceof MorselError);
  assertEquals(error.code, "connection");
  assertEquals(pauses.slice(0, 7), [50, 100, 200, 400, 800, 1600, 2500]);
});

Deno.test("close() ends a client at once that is connecting again, or waits to", async () => {
  for (const again of ["silent", "refused"]) {
    const clock = new FakeClock();
    await using server = await memoryServer({ clock });
    const connections: Connection[] = [];
    const client = await server.connectLasting({
      wrap: (connection, index) => {
        connections.push(connection);
        if (index === 0) return connection;
        connection.close();
        if (again === "silent") return memoryPair()[0];
        throw new MorselError("connection", "Cannot connect");
      },
    });
    connections[0]!.close();
    const call = client.stat("a").catch((error) => error);
    await settled();
    // The first pause is over then, and the second one has begun where it was refused.
    await clock.advance(60);
    assertEquals(connections.length, 2);
    await client.close();
    assertEquals((await call).message, "The client was closed");
    await settled();
    assertEquals(clock.timers, 0, again);
  }
});

Deno.test("a server that drains lets what is under way finish, and the next call finds the next server", async () => {
  await using old = await memoryServer();
  await using next = await memoryServer();
  const content = contentOf(2_000_000);
  await (await old.connect()).put("a", content);
  await (await next.connect()).put("a", content);
  await using client = await old.connectLasting({
    wrap: (connection, index) => index === 0 ? connection : next.open(),
  });
  const download = await client.get("a", { end: 400_000 });
  old.drain();
  assertEquals(await download.bytes(), content.slice(0, 400_000));
  assertEquals((await client.stat("a")).size, content.length);
});

Deno.test("put() of a stream is not begun again with what is left of it", async () => {
  await using old = await memoryServer();
  await using next = await memoryServer();
  await using client = await old.connectLasting({
    wrap: (connection, index) => index === 0 ? connection : next.open(),
  });
  const stream = new Blob([contentOf(300_000)]).stream();
  const put = client.put("a", stream);
  old.drain();
  const error = await assertRejects(() => put, MorselError);
  assertEquals(error.code, "draining");
  assertEquals(next.trace.filter((line) => line.includes("Begin")), []);
});

Deno.test("put() of a stream of which nothing was read yet waits for the next server", async () => {
  await using old = await memoryServer();
  await using next = await memoryServer();
  await using client = await old.connectLasting({
    wrap: (connection, index) => {
      if (index === 0) return connection;
      if (index === 1) throw new MorselError("busy", "All places are taken");
      return next.open();
    },
  });
  old.drain();
  await settled();
  const content = contentOf(300_000);
  await client.put("a", new Blob([content]).stream());
  assertEquals(await (await client.get("a")).bytes(), content);
});

/** A server that drains at once, and whose successor turns its client away until `openMs`. */
async function turnedAway({ afterMs, openMs, retryMs }: {
  afterMs: string;
  openMs: number;
  retryMs: number;
}) {
  const clock = new FakeClock();
  const [old, next] = [await memoryServer({ clock }), await memoryServer({ clock })];
  await (await next.connect()).put("a", "content");
  const attempts: number[] = [];
  const client = await old.connectLasting({
    retryMs,
    wrap: (connection, index) => {
      if (index === 0) return connection;
      connection.close();
      attempts.push(clock.monotonicMs());
      if (clock.monotonicMs() >= openMs) return next.open();
      throw new MorselError("busy", "Too many failed attempts", { detail: { afterMs } });
    },
  });
  old.drain();
  await settled();
  return {
    clock,
    client,
    attempts,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await old[Symbol.asyncDispose]();
      await next[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a client that is told to come back later does, and not before, whatever is asked of it", async () => {
  await using place = await turnedAway({ afterMs: "15000", openMs: 15_000, retryMs: 60_000 });
  const { clock, client, attempts } = place;
  const one = client.stat("a");
  await clock.advance(5000);
  const other = client.stat("a");
  await clock.advance(9999);
  assertEquals(attempts, [0]);
  await clock.advance(500);
  assertEquals(attempts.slice(1), [15_050]);
  assertEquals([(await one).size, (await other).size], [7, 7]);
});

Deno.test("a client does not wait for a time beyond its patience, and believes no time beyond all penalties", async () => {
  await using place = await turnedAway({ afterMs: "61000", openMs: Infinity, retryMs: 60_000 });
  const error = await assertRejects(() => place.client.stat("a"), MorselError, "failed attempts");
  assertEquals([error.code, place.clock.monotonicMs()], ["busy", 0]);
  await using patient = await turnedAway({ afterMs: "1e99", openMs: 0.5, retryMs: Infinity });
  const stat = patient.client.stat("a");
  await patient.clock.advance(601_000);
  assertEquals((await stat).size, 7);
  // What is no time is none.
  await using odd = await turnedAway({ afterMs: "soon", openMs: 1, retryMs: 60_000 });
  const again = odd.client.stat("a");
  await odd.clock.advance(1000);
  assertEquals((await again).size, 7);
});
