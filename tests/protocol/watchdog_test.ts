// Watchdog: no wait is endless, and none that moves is broken off.

import { assertEquals } from "@std/assert";
import type { MorselError } from "../../lib/base/errors.ts";
import type { Deadline } from "../../lib/protocol/limits.ts";
import { Watchdog } from "../../lib/protocol/watchdog.ts";
import { FakeClock } from "../support/fake_clock.ts";

const SILENCE: Deadline = { what: "a reply", silenceMs: 30_000, minRate: 0 };
const RATE: Deadline = { what: "the rest of a frame", silenceMs: 30_000, minRate: 1024 };

Deno.test("Watchdog gives up when nothing has moved for the time of the deadline", async () => {
  const { clock, watchdog, errors } = setUp();
  watchdog.begin(SILENCE);
  await clock.advance(29_999);
  assertEquals(errors.length, 0);
  await clock.advance(7_501);
  assertEquals(errors.map(({ code }) => code), ["deadline"]);
  assertEquals(errors[0]!.message, "No progress for 30 s while waiting for a reply");
  assertEquals(errors[0]!.detail, { what: "a reply", silenceMs: "30000", minRate: "0" });
});

Deno.test("Watchdog notices at most a quarter late", async () => {
  const { clock, watchdog, errors } = setUp();
  let count = 0;
  watchdog.begin(SILENCE, () => count);
  await clock.advance(7_499);
  count++; // just before a look, so that the silence begins as late as it can count
  await clock.advance(30_000 + 7_500);
  assertEquals(errors.length, 1);
});

Deno.test("Watchdog holds nobody to a time in which it did not run itself, and gives up all the same", async () => {
  const { clock, watchdog, errors } = setUp();
  let count = 0;
  watchdog.begin(SILENCE, () => count);
  watchdog.begin(RATE, () => count);
  await clock.advance(10_000);
  await clock.sleep(120_000);
  assertEquals(errors, []);
  count += 60_000; // what came meanwhile
  await clock.advance(20_000);
  assertEquals(errors, []);
  for (let turn = 0; turn < 6; turn++) await clock.sleep(10_000);
  assertEquals(errors.length, 1);
});

Deno.test("Watchdog lets a wait go on that moves a byte now and then", async () => {
  const { clock, watchdog, errors } = setUp();
  let count = 0;
  const end = watchdog.begin(SILENCE, () => count);
  for (let round = 0; round < 100; round++) {
    await clock.advance(20_000);
    count++;
  }
  end();
  assertEquals(errors.length, 0);
});

Deno.test("Watchdog gives up on a wait that moves more slowly than the minimum rate", async () => {
  const { clock, watchdog, errors } = setUp();
  let count = 0;
  watchdog.begin(RATE, () => count);
  for (let second = 0; second < 59; second++) {
    await clock.advance(1000);
    count += 1000;
  }
  assertEquals(errors.length, 0);
  await clock.advance(8500);
  assertEquals(errors.map(({ code }) => code), ["deadline"]);
});

Deno.test("Watchdog keeps the minimum rate over any minute, not over the whole wait", async () => {
  const { clock, watchdog, errors } = setUp();
  let count = 10_000_000;
  watchdog.begin(RATE, () => count);
  for (let second = 0; second < 120; second++) {
    await clock.advance(1000);
    count += 2000;
  }
  assertEquals(errors.length, 0);
  for (let second = 0; second < 120 && errors.length === 0; second++) {
    await clock.advance(1000);
    count += 100;
  }
  assertEquals(errors.length, 1);
});

Deno.test("Watchdog lets a wait go on that pauses but keeps the minimum rate", async () => {
  const { clock, watchdog, errors } = setUp();
  let count = 0;
  const end = watchdog.begin(RATE, () => count);
  for (let round = 0; round < 20; round++) {
    count += 45_000;
    await clock.advance(25_000);
  }
  end();
  assertEquals(errors.length, 0);
});

Deno.test("Watchdog tells of the first deadline that passes, once, and ends the others", async () => {
  const { clock, watchdog, errors } = setUp();
  watchdog.begin(SILENCE);
  watchdog.begin({ what: "the greeting", silenceMs: 10_000, minRate: 0 });
  await clock.advance(1_000_000);
  assertEquals(errors.map(({ detail }) => detail.what), ["the greeting"]);
});

Deno.test("Watchdog sees a short wait that begins during a long one", async () => {
  const { clock, watchdog, errors } = setUp();
  watchdog.begin({ ...SILENCE, silenceMs: 1_000_000 });
  await clock.advance(10);
  watchdog.begin({ ...SILENCE, silenceMs: 100 });
  await clock.advance(125);
  assertEquals(errors.length, 1);
});

Deno.test("Watchdog sets no timer once there is no wait", async () => {
  const { clock, watchdog, errors } = setUp();
  const end = watchdog.begin(SILENCE);
  assertEquals(clock.timers, 1);
  end();
  await clock.advance(30_000);
  assertEquals([clock.timers, errors.length], [0, 0]);
});

Deno.test("Watchdog.stop() ends all waits and its timer", async () => {
  const { clock, watchdog, errors } = setUp();
  watchdog.begin(SILENCE);
  watchdog.stop();
  assertEquals(clock.timers, 0);
  await clock.advance(100_000);
  assertEquals(errors.length, 0);
});

function setUp() {
  const clock = new FakeClock();
  const errors: MorselError[] = [];
  const watchdog = new Watchdog(clock, (error) => errors.push(error));
  return { clock, watchdog, errors };
}
