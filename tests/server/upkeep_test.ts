import { assertEquals } from "@std/assert";
import { startUpkeep } from "../../lib/server/upkeep.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { memoryServer } from "../support/memory_server.ts";

const HOUR_MS = 3_600_000;

Deno.test("startUpkeep() forgets unfinished uploads that nobody has gone on with, within an hour", async () => {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const { store } = server;
  const begin = async (name: string) => {
    const upload = await store.beginUpload({
      name,
      condition: { kind: "any" },
      declaredSize: 200_000,
      modifiedMs: 0,
      metadata: {},
    });
    await upload.write(contentOf(100_000), 0);
    return upload;
  };
  await (await begin("left")).detach();
  const running = await begin("running");
  const stop = startUpkeep({ store, clock, expiryMs: 10 * HOUR_MS });
  const names = async () => (await Array.fromAsync(store.uploads(), ({ name }) => name)).sort();
  await clock.advance(9 * HOUR_MS);
  assertEquals(await names(), ["left", "running"]);
  await clock.advance(2 * HOUR_MS);
  assertEquals(await names(), ["running"]);
  await running.abort();
  await stop();
  assertEquals(clock.timers, 0);
});
