// How far ahead a download asks: little before somebody wants it, and then twice what the link holds.

import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../lib/base/clock.ts";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import { FetchWindow, FIRST_LENGTH, pieceAfter } from "../../lib/client/fetch_window.ts";
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
  const most = taken + new FetchWindow().after(taken);
  assert(Math.max(...ends) <= most, `${Math.max(...ends)} of ${taken}`);
  await reader.cancel();
});

Deno.test("what arrives in a round trip says how far ahead a download asks", async () => {
  const time = new ArrivalTime();
  await using server = await memoryServer({ clientClock: time.clock });
  await using client = await server.connect();
  await client.put("a", contentOf(64 * MIB));
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

Deno.test("the window grows with what is taken, up to what keeps a link busy", () => {
  const window = windowOver(100);
  assertEquals([0, MIB, 100 * MIB].map((taken) => window.after(taken) / MIB), [4, 16, 22]);
});

Deno.test("a link that holds more is asked for nearly twice what a round trip brought, up to a bound", () => {
  const window = windowOver(100);
  const windows = [10, 20, 15, 40].map((mib, round) => {
    // In halves: it is what came in a whole round trip that counts.
    window.arrived(mib / 2 * MIB, 1000 + 100 * round + 50, true);
    window.arrived(mib / 2 * MIB, 1000 + 100 * round + 100, true);
    return window.after(1000 * MIB) / MIB;
  });
  assertEquals(windows, [22, 37, 37, 64]);
});

Deno.test("the window opens when less comes than before, but not for a slow consumer", () => {
  const window = windowOver(100);
  window.arrived(2 * MIB, 1100, true);
  window.arrived(2 * MIB, 1250, true);
  window.arrived(MIB / 2, 1350, false);
  assertEquals(window.after(1000 * MIB) / MIB, 22);
  // As much as before, but after a silence that a lost packet makes.
  window.arrived(2 * MIB, 1650, true);
  assertEquals(window.after(1000 * MIB) / MIB, 64);
});

Deno.test("the silences of TCP's beginning do not open the window", () => {
  const window = windowOver(105);
  for (let burst = 1; burst < 8; burst++) {
    window.arrived(2 ** burst * 1000, 1000 + 100 * burst, true);
    window.arrived(2 ** burst * 1000, 1002 + 100 * burst, true);
  }
  assertEquals(window.after(1000 * MIB) / MIB, 22);
});

Deno.test("the window stays as it is where a round trip takes no time", () => {
  const window = windowOver(0);
  for (let count = 0; count < 100; count++) window.arrived(MIB, 1000, true);
  assertEquals(window.after(1000 * MIB) / MIB, 22);
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

/** The window of a download over a link with this round trip, whose first byte came at 1000 ms. */
function windowOver(roundTripMs: number) {
  const window = new FetchWindow();
  const arrived = (size: number, nowMs: number, isTaken: boolean) =>
    window.arrived(size, { nowMs, roundTripMs, isTaken });
  arrived(0, 1000, true);
  return { arrived, after: (taken: number) => window.after(taken) };
}

Deno.test("pieces are whole blocks and grow with what was asked for, up to a bound", () => {
  const asked = [0, FIRST_LENGTH, MIB, 2 * MIB, 32 * MIB, 1000 * MIB];
  assertEquals(asked.map((bytes) => pieceAfter(bytes) / BLOCK_SIZE), [1, 1, 2, 4, 64, 64]);
});
