import { assertEquals } from "@std/assert";
import { type Finished, limitLine, limitOf } from "../../lib/cli/limited_by.ts";
import { TransferCounters, type WaitedFor } from "../../lib/client/transfer_counters.ts";

const MIB = 1024 * 1024;

/** A transfer of 20 seconds that has spent its time on these, and the rest on what nobody counts. */
async function finished(
  times: Partial<Record<WaitedFor | "hash", number>>,
  more: Partial<Finished> = {},
): Promise<Finished> {
  let nowMs = 0;
  const counters = new TransferCounters({ monotonicMs: () => nowMs });
  const elapsedMs = 20_000;
  await counters.transfer(async () => {
    for (const what of ["window", "disk"] as const) {
      const wait = Promise.withResolvers<void>();
      const waiting = counters.wait(what, wait.promise);
      nowMs += times[what] ?? 0;
      wait.resolve();
      await waiting;
    }
    counters.hash(() => nowMs += times.hash ?? 0);
    nowMs = elapsedMs;
  });
  return { bytes: 400 * MIB, elapsedMs, counters, limitBytesPerSecond: undefined, ...more };
}

Deno.test("what took most of the time is what limited a transfer", async () => {
  const cases: [Parameters<typeof finished>[0], string, number][] = [
    [{ disk: 15_000, hash: 2000 }, "disk", 0.75],
    [{ disk: 2000, hash: 15_000 }, "hashing", 0.75],
    [{ window: 12_000, hash: 2000, disk: 1000 }, "window", 0.6],
    [{ hash: 2000, disk: 2000 }, "link", 0.8],
    [{ disk: 1000 }, "link", 0.95],
  ];
  for (const [times, limit, share] of cases) {
    assertEquals(limitOf(await finished(times)), { limit, share } as ReturnType<typeof limitOf>);
  }
});

Deno.test("a transfer that was as fast as it was allowed to be was limited by that", async () => {
  const fast = await finished({ disk: 19_000 }, { limitBytesPerSecond: 21 * MIB });
  assertEquals(limitOf(fast).limit, "rate");
  const slow = await finished({ disk: 19_000 }, { limitBytesPerSecond: 30 * MIB });
  assertEquals(limitOf(slow).limit, "disk");
});

Deno.test("the line says how much, how long, how fast, and why not faster", async () => {
  assertEquals(
    limitLine(await finished({ disk: 15_000, hash: 1 })),
    "400 MiB in 20s, 20.0 MiB/s; limited by the local disk (75 %)",
  );
  assertEquals(
    limitLine(await finished({}, { limitBytesPerSecond: 20 * MIB })),
    "400 MiB in 20s, 20.0 MiB/s; limited by --limit-rate",
  );
});
