// A limit on connections: how fast bytes pass, and that no deadline takes it for a peer that has stopped.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { LEAST_RATE_LIMIT, RateLimit } from "../../lib/base/rate_limit.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { FrameConnection } from "../../lib/protocol/frame_connection.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";

const KIB = 1024;

/** Lets time go by until `work` has settled; returns how many seconds that took. */
async function secondsOf<T>(clock: FakeClock, work: Promise<T>): Promise<{ s: number; value: T }> {
  const startMs = clock.monotonicMs();
  let isDone = false;
  const done = work.finally(() => isDone = true);
  done.catch(() => {}); // thrown below
  await settled();
  while (!isDone) await clock.advance(250);
  return { s: (clock.monotonicMs() - startMs) / 1000, value: await done };
}

function clientUnder(server: MemoryServer, clock: FakeClock, limit: RateLimit) {
  return FileClient.open(server.open(), { clock, limit });
}

Deno.test("a limit below the least is refused", () => {
  assertThrows(() => new RateLimit(new FakeClock(), LEAST_RATE_LIMIT - 1), RangeError, "16384");
  assertThrows(() => new RateLimit(new FakeClock(), NaN), RangeError);
});

Deno.test("what is small and rare passes at once", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const client = await clientUnder(server, clock, new RateLimit(clock, LEAST_RATE_LIMIT));
  await client.put("a", "content");
  assertEquals(await (await client.get("a")).text(), "content");
  assertEquals(clock.monotonicMs(), 0);
  await client.close();
});

Deno.test("bytes arrive as they were sent, at the rate, both ways together", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const limit = new RateLimit(clock, 256 * KIB);
  const client = await clientUnder(server, clock, limit);
  const content = contentOf(4 * 256 * KIB);
  const put = await secondsOf(clock, client.put("a", content));
  assert(put.s >= 3.75 && put.s <= 4.75, `up in ${put.s} s`);
  const get = await secondsOf(clock, client.get("a").then((download) => download.bytes()));
  assertEquals(get.value, content);
  assert(get.s >= 3.75 && get.s <= 4.75, `down in ${get.s} s`);
  const both = await secondsOf(
    clock,
    Promise.all([
      client.put("b", content),
      client.get("a").then((download) => download.bytes()),
    ]),
  );
  assert(both.s >= 7.5 && both.s <= 9.25, `both in ${both.s} s`);
  await client.close();
});

Deno.test("the lowest limit of a client trips no deadline, with a large file up and down", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const client = await clientUnder(server, clock, new RateLimit(clock, LEAST_RATE_LIMIT));
  const content = contentOf(5 * 1024 * KIB);
  const put = await secondsOf(clock, client.put("a", content, { chunkSize: 1024 * KIB }));
  assert(put.s > 300, `up in ${put.s} s`);
  const get = await secondsOf(clock, client.get("a").then((download) => download.bytes()));
  assertEquals(get.value, content);
  assertEquals(server.errors, []);
  await client.close();
});

Deno.test("the lowest limit trips no deadline of many files that stand in line for it", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const client = await clientUnder(server, clock, new RateLimit(clock, LEAST_RATE_LIMIT));
  // The Commit of the first stands behind the bytes of all the others, which get no Ack.
  const content = contentOf(60 * KIB);
  const puts = Array.from({ length: 64 }, (_, index) => client.put(`${index}`, content));
  const { s } = await secondsOf(clock, Promise.all(puts));
  assert(s > 230, `up in ${s} s`);
  await client.close();
});

Deno.test("a crowd that shares the lowest limit of a server gets on, each at 2 KiB a second", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  await server.connect().then(async (client) => {
    await client.put("a", contentOf(200 * KIB));
    await client.close();
  });
  const limit = new RateLimit(clock, LEAST_RATE_LIMIT);
  const crowd = await Promise.all(
    Array.from({ length: 40 }, () => clientUnder(server, clock, limit)),
  );
  const down = crowd.map(async (client) => await (await client.get("a")).bytes());
  const { s } = await secondsOf(clock, Promise.all(down));
  assert(s > 90 && s < 110, `down in ${s} s`);
  for (const client of crowd) await client.close();
});

Deno.test("a crowd of large pieces does not go beyond the limit", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const content = contentOf(1024 * KIB);
  await server.connect().then(async (client) => {
    await client.put("a", content);
    await client.close();
  });
  const limit = new RateLimit(clock, 2048 * KIB);
  const crowd = await Promise.all(
    Array.from({ length: 40 }, () => clientUnder(server, clock, limit)),
  );
  const down = crowd.map(async (client) => await (await client.get("a")).bytes());
  const { s } = await secondsOf(clock, Promise.all(down));
  assert(s > 19 && s < 24, `down in ${s} s`);
  for (const client of crowd) await client.close();
});

Deno.test("a server that keeps to the lowest limit trips no deadline, whatever the system keeps on the way", async () => {
  const clock = new FakeClock();
  const limit = new RateLimit(clock, LEAST_RATE_LIMIT);
  await using server = await memoryServer({ clock, limit, pair: { kept: 4096 * KIB } });
  const client = await server.connect();
  const content = contentOf(6 * 1024 * KIB);
  const put = await secondsOf(clock, client.put("a", content, { chunkSize: 64 * KIB }));
  assert(put.s > 380 && put.s < 400, `up in ${put.s} s`);
  const small = Array.from(
    { length: 128 },
    (_, index) => client.put(`${index}`, contentOf(60 * KIB)),
  );
  await secondsOf(clock, Promise.all(small));
  assertEquals(server.errors, []);
  await client.close();
});

Deno.test("closing ends a read and a write that wait for their turn", async () => {
  const clock = new FakeClock();
  const [near, far] = memoryPair();
  const frames = new FrameConnection(near, {
    clock,
    side: "server",
    maxFrame: 64 * KIB,
    limit: new RateLimit(clock, LEAST_RATE_LIMIT),
    onExpire: () => {},
  });
  const writing = frames.writer.sendFrames(new Uint8Array(32 * KIB));
  writing.catch(() => {});
  const other = far.writable.getWriter();
  await other.write(new Uint8Array(32 * KIB));
  await frames.fill();
  await frames.fill();
  const reading = frames.fill();
  reading.catch(() => {});
  await settled();
  assertEquals(clock.monotonicMs(), 0);
  assertEquals(clock.timers > 0, true);
  await frames.close();
  await assertRejects(() => writing);
  await assertRejects(() => reading);
  assertEquals([clock.timers, clock.monotonicMs()], [0, 0]);
});
