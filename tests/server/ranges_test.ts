// Ranges of a large file that are asked for one after the other: what is at hand is not opened or hashed again, and is
// never older than the file.

import { assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { contentOf } from "../support/content.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { memoryServer } from "../support/memory_server.ts";
import { hookedBlobs, hookedCatalog } from "../support/store_faults.ts";

const SIZE = 1_000_000;

Deno.test("a session opens a large file once for many ranges, and anew when it is another", async () => {
  const opened: string[] = [];
  const blobs = hookedBlobs(new MemoryBlobs(), (call) => {
    if (call === "open") opened.push(call);
  });
  await using server = await memoryServer({ blobs });
  await using client = await server.connect();
  const [first, second] = [contentOf(SIZE, 1), contentOf(SIZE, 2)];
  await client.put("a", first);
  for (const start of [0, 700_000, 300_000]) {
    assertEquals(await range(client, start), first.slice(start, start + 100));
  }
  assertEquals(opened.length, 1);

  await client.put("a", second);
  for (const start of [300_000, 0]) {
    assertEquals(await range(client, start), second.slice(start, start + 100));
  }
  assertEquals(opened.length, 2);

  await client.move("a", "b");
  assertEquals(await range(client, 0, "b"), second.slice(0, 100));
  const error = await assertRejects(() => client.get("a", { start: 0, end: 100 }), MorselError);
  assertEquals(error.code, "not_found");
});

Deno.test("hashes that prove ranges of a file again and again are read twice, by whomever", async () => {
  const reads: string[] = [];
  const catalog = hookedCatalog(new MemoryCatalog(systemClock), (call) => {
    if (call === "leaves") reads.push(call);
  });
  await using server = await memoryServer({ catalog });
  const content = contentOf(SIZE);
  await using writer = await server.connect();
  await writer.put("a", content);
  reads.length = 0;
  for (let readers = 0; readers < 5; readers++) {
    await using client = await server.connect();
    for (const start of [300_000, 0]) {
      assertEquals(await range(client, start), content.slice(start, start + 100));
    }
  }
  assertEquals(reads.length, 2);
});

async function range(client: FileClient, start: number, name = "a"): Promise<Uint8Array> {
  return await (await client.get(name, { start, end: start + 100 })).bytes();
}
