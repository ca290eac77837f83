// What a client counts of its transfers.

import { assert } from "@std/assert";
import { TransferCounters } from "../../lib/client/transfer_counters.ts";
import { contentOf } from "../support/content.ts";
import { memoryServer } from "../support/memory_server.ts";

Deno.test("hashing is counted, up and down, of files of every size", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  for (const size of [1, 65_536, 1_000_000]) {
    // Each look at the clock is a millisecond later.
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs++ };
    const [up, down] = [new TransferCounters(clock), new TransferCounters(clock)];
    await client.put("a", contentOf(size), { counters: up });
    assert(up.hashMs > 0, `${size} up`);
    await (await client.get("a", { counters: down })).bytes();
    assert(down.hashMs > 0, `${size} down`);
  }
});

Deno.test("waiting for room in the window is counted", async () => {
  await using server = await memoryServer({ limits: { window: 128 * 1024 } });
  await using client = await server.connect();
  let nowMs = 0;
  const counters = new TransferCounters({ monotonicMs: () => nowMs++ });
  await client.put("a", contentOf(1_000_000), { counters });
  assert(counters.waitedMs("window") > 0);
});
