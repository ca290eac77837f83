// How far an upload may be ahead of what its client knows that the server has.

import { assert } from "@std/assert";
import { contentOf } from "../support/content.ts";
import { memoryServer } from "../support/memory_server.ts";

const MIB = 1024 * 1024;

Deno.test("a server says what it has of an upload each 2 MiB, however large the window is", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  await client.put("a", contentOf(16 * MIB));
  const acks = server.trace.filter((line) => line.startsWith("S: Ack"));
  const received = acks.map((line) => Number(/received (\d+)/.exec(line)![1]) / MIB);
  const steps = received.map((at, index) => at - (received[index - 1] ?? 0));
  assert(Math.max(...steps) < 3, `it took ${Math.max(...steps)} MiB`);
  assert(received.at(-1)! >= 14);
});
