// Timers that are set late: what is stopped before is never set, and all others are, for the time that is left.

import { assert, assertEquals } from "@std/assert";
import { LATE_MS, LateTimers } from "../../lib/runtime/late_timers.ts";

Deno.test("what waits is set once it is late, but for what has been stopped", async () => {
  const set: { afterMs: number; task: () => void }[] = [];
  const stopped: unknown[] = [];
  const over = Promise.withResolvers<void>();
  const timers = new LateTimers(over.resolve);
  const setTimer = (afterMs: number, task: () => void) => {
    set.push({ afterMs, task });
    return () => void stopped.push(task);
  };
  const [one, two, three] = [() => {}, () => {}, () => {}];
  const stopOne = timers.timer(60_000, one, setTimer);
  timers.timer(1000, two, setTimer);
  const stopThree = timers.timer(30, three, setTimer);
  stopOne();
  assertEquals(set, []);
  // A program that is busy when they fall due: a negative time would make the runtime complain.
  for (const busyMs = performance.now() + 40; performance.now() < busyMs;);
  await over.promise;
  await Promise.resolve();
  assertEquals(set.map(({ task }) => task), [two, three]);
  const [first, second] = set.map(({ afterMs }) => afterMs);
  assert(first! <= 1000 - LATE_MS + 1 && first! > 0, `${first}`);
  assertEquals(second, 0);
  assertEquals(stopped, []);
  stopOne();
  stopThree();
  stopThree();
  assertEquals(stopped, [three, three]);
});

Deno.test("where all were stopped nothing is set, and it begins again with the next", async () => {
  let sets = 0;
  const over = Promise.withResolvers<void>();
  const timers = new LateTimers(over.resolve);
  const setTimer = () => {
    sets++;
    return () => {};
  };
  timers.timer(1000, () => {}, setTimer)();
  await new Promise<void>((resolve) => AbortSignal.timeout(2 * LATE_MS).onabort = () => resolve());
  assertEquals(sets, 0);
  timers.timer(1000, () => {}, setTimer);
  await over.promise;
  await Promise.resolve();
  assertEquals(sets, 1);
});

Deno.test("what is to run soon runs together, after all that is ready, also when timers are set meanwhile", async () => {
  const ran: string[] = [];
  const over = Promise.withResolvers<void>();
  const timers = new LateTimers(over.resolve);
  const done = Promise.withResolvers<void>();
  timers.soon(() => ran.push("one"));
  timers.soon(() => {
    ran.push("two");
    // Of one that comes then.
    timers.soon(() => {
      ran.push("three");
      timers.timer(1000, () => {}, () => () => {});
      done.resolve();
    });
  });
  void Promise.resolve().then(() => ran.push("ready"));
  assertEquals(ran, []);
  await done.promise;
  assertEquals(ran, ["ready", "one", "two", "three"]);
  // The channel is closed then, or it would keep a program from its end.
  await over.promise;
});
