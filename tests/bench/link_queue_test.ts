// The emulated link, in a time that the test makes.

import { assertEquals } from "@std/assert";
import { type LinkOptions, LinkQueue } from "../../bench/link/queue.ts";

/** 50 ms, 12 Mbit/s, so that 1500 bytes take a millisecond. */
function queue(options: Partial<LinkOptions> = {}): LinkQueue {
  const fixed = { delayMs: 50, megabitsPerSecond: 12, loss: 0, queueMs: 10, random: () => 0.5 };
  return new LinkQueue({ ...fixed, ...options });
}

function put(queue: LinkQueue, bytes: readonly number[], nowMs: number): void {
  queue.room.set(bytes);
  queue.take(bytes.length, nowMs);
}

Deno.test("a packet arrives when it was sent in full and has travelled", () => {
  const link = queue();
  assertEquals(link.nextMs, Infinity);
  link.take(1500, 100);
  assertEquals(link.nextMs, 151);
  assertEquals(link.first(150.9), undefined);
  assertEquals(link.first(151)?.length, 1500);
  link.removeFirst();
  assertEquals(link.first(1000), undefined);
});

Deno.test("packets wait for one another and keep their order and bytes", () => {
  const link = queue();
  put(link, [1, 2, 3], 0);
  link.take(1500, 0);
  put(link, [4, 5], 0);
  assertEquals([...link.first(60)!], [1, 2, 3]);
  link.removeFirst();
  assertEquals(link.first(51)?.length, undefined);
  assertEquals(link.first(60)?.length, 1500);
  link.removeFirst();
  assertEquals([...link.first(60)!], [4, 5]);
});

Deno.test("a packet that would wait too long for the line is dropped", () => {
  const link = queue({ queueMs: 2 });
  for (let count = 0; count < 10; count++) link.take(1500, 0);
  assertEquals(link.dropped, 7);
  link.take(1500, 5);
  assertEquals(link.dropped, 7);
});

Deno.test("packets are lost by chance", () => {
  const chances = [0.001, 0.5, 0.0009];
  const link = queue({ loss: 0.001, random: () => chances.shift()! });
  for (let count = 0; count < 3; count++) link.take(100, 0);
  assertEquals([link.lost, link.dropped], [1, 0]);
});
