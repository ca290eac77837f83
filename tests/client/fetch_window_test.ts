// How far ahead a download asks: little before somebody wants it, and then twice what the link holds.

import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../lib/base/clock.ts";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import { aheadAfter, FIRST_LENGTH, pieceAfter } from "../../lib/client/fetch_window.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { contentOf } from "../support/content.ts";
import { cutConnection } from "../support/cut_connection.ts";
import { settled } from "../support/fake_clock.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";

const MIB = 1024 * 1024;

Deno.test("a download that nobody takes has asked for its beginning only", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const content = contentOf(9 * MIB);
  await client.put("a", content);
  server.trace.length = 0;
  const download = await client.get("a");
  await settled();
  const asked = server.trace.filter((line) => line.startsWith("C: ReadRange"));
  assertEquals(asked.map((line) => Number(/length (\d+)/.exec(line)?.[1])), [FIRST_LENGTH]);
  assertEquals(await download.bytes(), content);
});

Deno.test("a reader that stops has a bounded number of bytes waiting for it", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  await client.put("a", contentOf(24 * MIB));
  const download = await client.get("a");
  const reader = download.readable.getReader();
  let taken = 0;
  while (taken < MIB / 2) taken += (await reader.read()).value!.length;
  await settled();
  const ends = server.trace.filter((line) => line.startsWith("S: End")).map((line) => {
    return Number(/offset (\d+)/.exec(line)?.[1]);
  });
  const most = taken + aheadAfter(taken);
  assert(Math.max(...ends) <= most, `${Math.max(...ends)} of ${taken}`);
  await reader.cancel();
});

Deno.test("what arrives in a round trip says how far ahead a download asks", async () => {
  const time = new ArrivalTime();
  await using server = await memoryServer({ clientClock: time.clock });
  await using client = await server.connect();
  await client.put("a", contentOf(96 * MIB));
  time.mibPerMs = 1 / 4;
  assert(await mostAhead(server, client, time) <= 22);
  time.mibPerMs = 1;
  assert(await mostAhead(server, client, time) > 30);
});

Deno.test("a download that goes on after a lost connection measures the new one", async () => {
  const time = new ArrivalTime();
  await using server = await memoryServer({ clientClock: time.clock });
  let lost = 0;
  await using client = await server.connectLasting({
    wrap: (connection, index) =>
      index === 0 ? cutConnection(connection, { afterReceived: 30 * MIB }) : connection,
    onReconnecting: () => {
      lost++;
      time.passedMs += 10_000;
    },
  });
  await client.put("a", contentOf(64 * MIB));
  time.mibPerMs = 1 / 4;
  assert(await mostAhead(server, client, time) <= 22);
  assertEquals(lost, 1);
});

Deno.test("what is asked for ahead grows with what is taken", () => {
  assertEquals([0, MIB, 100 * MIB].map((taken) => aheadAfter(taken) / MIB), [4, 16, 1600]);
});

Deno.test("pieces are whole blocks and grow with what was asked for, up to a bound", () => {
  const asked = [0, FIRST_LENGTH, MIB, 2 * MIB, 32 * MIB, 1000 * MIB];
  assertEquals(asked.map((bytes) => pieceAfter(bytes, 4 * MIB) / BLOCK_SIZE), [1, 1, 2, 4, 64, 64]);
});

/** The time of a client that only what has arrived of a download moves on. */
class ArrivalTime {
  mibPerMs = 1;
  received = 0;
  /** Milliseconds that went by without anything arriving. */
  passedMs = 0;
  readonly clock: Clock = {
    ...systemClock,
    monotonicMs: () => this.received / MIB / this.mibPerMs + this.passedMs,
    holdingTimer: (_ms, task) => systemClock.holdingTimer(0, task),
  };
}

/** How many MiB a download of the file `a` asks ahead at most. */
async function mostAhead(
  { trace }: MemoryServer,
  client: FileClient,
  time: ArrivalTime,
): Promise<number> {
  [time.received, trace.length] = [0, 0];
  const onProgress = ({ received }: { received: number }) => void (time.received = received);
  const download = await client.get("a", { onProgress });
  let asked = 0;
  let most = 0;
  let seen = 0;
  await download.copyTo({
    write: (_, position) => {
      for (; seen < trace.length; seen++) {
        const range = /^C: ReadRange.* offset (\d+) length (\d+)/.exec(trace[seen]!);
        if (range) asked = Number(range[1]) + Number(range[2]);
      }
      most = Math.max(most, asked - position);
      return Promise.resolve();
    },
  });
  return most / MIB;
}
