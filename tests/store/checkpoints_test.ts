// When what has come of an upload is made durable: soon while the disk keeps up, and not for ever later when it does not.

import { assert, assertEquals } from "@std/assert";
import { Checkpoints } from "../../lib/store/checkpoints.ts";
import { FakeClock } from "../support/fake_clock.ts";

const MIB = 1024 * 1024;

Deno.test("a checkpoint is due each 16 MiB, and each 64 while one is under way", async () => {
  const checkpoints = new Checkpoints(new FakeClock(), 0);
  assertEquals([15 * MIB, 16 * MIB].map((size) => checkpoints.isDue(size)), [false, true]);
  const record = Promise.withResolvers<void>();
  checkpoints.begin(16 * MIB, () => record.promise);
  assertEquals([40 * MIB, 79 * MIB, 80 * MIB].map((size) => checkpoints.isDue(size)), [
    false,
    false,
    true,
  ]);
  record.resolve();
  await checkpoints.settled();
  assert(checkpoints.isDue(81 * MIB));
});

Deno.test("a slow upload has a checkpoint each 2 seconds, if a whole block has come", async () => {
  const clock = new FakeClock();
  const checkpoints = new Checkpoints(clock, 0);
  await clock.advance(1999);
  assert(!checkpoints.isDue(65536));
  await clock.advance(1);
  assert(checkpoints.isDue(2 * 65536));
  checkpoints.begin(2 * 65536, () => Promise.resolve());
  await clock.advance(2000);
  assert(!checkpoints.isDue(3 * 65536 - 1));
});

Deno.test("the clock is asked once each 16 KiB at most", async () => {
  const clock = new FakeClock();
  const checkpoints = new Checkpoints(clock, MIB - 1);
  await clock.advance(5000);
  assert(!checkpoints.isDue(MIB));
  assert(checkpoints.isDue(MIB + 16 * 1024));
});
