// What ends before its time, by its signal or by its own failure, ends alone: the others on its connection go on.

import { assertEquals, assertRejects } from "@std/assert";
import { memoryServer } from "../support/memory_server.ts";

Deno.test("put() of little that is aborted as it goes out sends nothing behind its Cancel", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  // One turn of the queue more each time, from before its Begin to behind its Commit.
  for (let turns = 0; turns < 8; turns++) {
    const stop = new AbortController();
    const put = client.put("a", "hello", { signal: stop.signal });
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    stop.abort(new Error("never mind"));
    await assertRejects(() => put, Error, "never mind");
    assertEquals((await client.put("b", "another")).size, 7);
  }
  assertEquals(server.errors, []);
});
