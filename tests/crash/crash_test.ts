// Kill -9 of the server and of its clients: what was answered is there, nothing is half. The long run is
// `deno task crash --kills 500`.

import { assertEquals, assertGreater } from "@std/assert";
import { crashRun } from "./crash_run.ts";

Deno.test("a server killed 25 times at random moments has lost nothing and shows nothing half", async () => {
  const seed = Date.now() % 1_000_000;
  const { kills, operations, filesChecked } = await crashRun({ kills: 25, seed });
  assertEquals(kills, 25);
  assertGreater(operations, 25);
  assertGreater(filesChecked, 25);
});
