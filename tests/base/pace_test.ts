import { assertEquals, assertRejects } from "@std/assert";
import { Pace, type PaceOptions } from "../../lib/base/pace.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Takes each of `sizes` in turn; returns at which millisecond each was let through. */
async function times(
  rate: number,
  sizes: readonly number[],
  options: PaceOptions = {},
): Promise<number[]> {
  const clock = new FakeClock();
  const pace = new Pace(clock, rate, options);
  const at: number[] = [];
  const taking = (async () => {
    for (const size of sizes) {
      await pace.take(size);
      at.push(clock.monotonicMs());
    }
  })();
  await clock.advance(100_000);
  await taking;
  assertEquals(clock.timers, 0);
  return at;
}

Deno.test("take() lets a rest's burst through at once, and then keeps to the rate", async () => {
  assertEquals(
    await times(1000, [100, 100, 100, 500], { burstMs: 200 }),
    [0, 0, 100, 600],
  );
});

Deno.test("take() never saves up more than the burst", async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 1000, { burstMs: 50 });
  await clock.advance(60_000);
  await pace.take(50);
  let isThrough = false;
  const second = pace.take(50).then(() => isThrough = true);
  await clock.advance(49);
  assertEquals(isThrough, false);
  await clock.advance(1);
  await second;
});

Deno.test("take() lets nobody wait longer than the least rate and the longest pause say", async () => {
  // 100 bytes a second are ten seconds for each kilobyte, but at the least rate they take one.
  assertEquals(await times(100, [1000, 1000], { burstMs: 0, leastRate: 1000 }), [1000, 2000]);
  assertEquals(await times(100, [1000, 1000], { burstMs: 0, longestMs: 300 }), [300, 600]);
});

Deno.test("take() bounds the debt, so that a crowd that has gone is not paid for", async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock, 1000, { longestMs: 2000 });
  const crowd = Array.from({ length: 100 }, () => pace.take(1000));
  await clock.advance(2000);
  await Promise.all(crowd);
  const before = clock.monotonicMs();
  let atMs = 0;
  const next = pace.take(1000).then(() => atMs = clock.monotonicMs());
  await clock.advance(10_000);
  await next;
  assertEquals(atMs - before, 1000);
});

Deno.test("take() without a rate never waits, and ends by its signal with one", async () => {
  assertEquals(await times(Infinity, [1e9, 1e9]), [0, 0]);
  const clock = new FakeClock();
  const stop = new AbortController();
  const pace = new Pace(clock, 1);
  const taking = pace.take(1000, stop.signal);
  stop.abort(new Error("enough"));
  await assertRejects(() => taking, Error, "enough");
  assertEquals(clock.timers, 0);
});
