// How much of an upload is on its way at a time: much on a fast link, little on all others.

import { assertEquals } from "@std/assert";
import { BatchPace } from "../../lib/client/batch_pace.ts";

const [USUAL, LARGE] = [256 * 1024, 1024 * 1024];

Deno.test("BatchPace begins small, grows on a fast link and shrinks as soon as it is slow", () => {
  const pace = new BatchPace();
  let [position, nowMs] = [5_000_000, 77_000];
  const next = (tookMs: number) => {
    const size = pace.next(position, nowMs += tookMs);
    position += size;
    return size;
  };
  assertEquals([next(0), next(0), next(5), next(5), next(20)], [USUAL, USUAL, LARGE, LARGE, LARGE]);
  assertEquals([next(21), next(21), next(6), next(5)], [USUAL, USUAL, USUAL, LARGE]);
});

Deno.test("what a slow link has yet to send when an upload is stopped is two small batches", () => {
  const pace = new BatchPace();
  // The second is handed over while the first is still being written.
  const sizes = [0, 1, 4000, 8000].map((nowMs, index) => pace.next(index * USUAL, nowMs));
  assertEquals(sizes, [USUAL, USUAL, USUAL, USUAL]);
});
