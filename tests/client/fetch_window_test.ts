// How far ahead a download asks: little before somebody wants it, and then more than any link holds.

import { assert, assertEquals } from "@std/assert";
import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import { FIRST_LENGTH, pieceAfter, windowAfter } from "../../lib/client/fetch_window.ts";
import { contentOf } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";
import { memoryServer } from "../support/memory_server.ts";

const MIB = 1024 * 1024;

Deno.test("a download that nobody takes has asked for its beginning only", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const content = contentOf(9 * MIB);
  await client.put("a", content);
  server.trace.length = 0;
  const download = await client.get("a");
  await settled();
  const asked = server.trace.filter((line) => line.startsWith("C: ReadRange"));
  assertEquals(asked.map((line) => Number(/length (\d+)/.exec(line)?.[1])), [FIRST_LENGTH]);
  assertEquals(await download.bytes(), content);
});

Deno.test("a reader that stops has a bounded number of bytes waiting for it", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  await client.put("a", contentOf(24 * MIB));
  const download = await client.get("a");
  const reader = download.readable.getReader();
  let taken = 0;
  while (taken < MIB / 2) taken += (await reader.read()).value!.length;
  await settled();
  const ends = server.trace.filter((line) => line.startsWith("S: End")).map((line) => {
    return Number(/offset (\d+)/.exec(line)?.[1]);
  });
  assert(Math.max(...ends) <= taken + windowAfter(taken), `${Math.max(...ends)} of ${taken}`);
  await reader.cancel();
});

Deno.test("the window grows with what is taken, up to a bound", () => {
  assertEquals([0, MIB, 2 * MIB, 100 * MIB].map((taken) => windowAfter(taken) / MIB), [
    4,
    16,
    32,
    64,
  ]);
});

Deno.test("pieces are whole blocks and grow with what was asked for, up to a bound", () => {
  const asked = [0, FIRST_LENGTH, MIB, 2 * MIB, 32 * MIB, 1000 * MIB];
  assertEquals(asked.map((bytes) => pieceAfter(bytes) / BLOCK_SIZE), [1, 1, 2, 4, 64, 64]);
});
