import { assertEquals, assertRejects } from "@std/assert";
import { JsonLines, readJsonLines } from "../../lib/base/json_lines.ts";

function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));
}

Deno.test("values come whole, wherever the stream is cut", async () => {
  const text = `{"a":1}\n"ü\\n"\n[2]\n`;
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    const values = await Array.fromAsync(readJsonLines(ReadableStream.from(pieces)));
    assertEquals(values, [{ a: 1 }, "ü\n", [2]]);
  }
});

Deno.test("what is no JSON, and a line without an end, are refused", async () => {
  await assertRejects(() => Array.fromAsync(readJsonLines(streamOf("no\n"))), SyntaxError);
  const endless = streamOf(...Array.from({ length: 5 }, () => "x".repeat(1024 * 1024)));
  await assertRejects(() => Array.fromAsync(readJsonLines(endless)), RangeError);
});

Deno.test("values that are sent while a write is under way share the next", async () => {
  const writes: string[] = [];
  const lines = new JsonLines(async (bytes) => {
    writes.push(new TextDecoder().decode(bytes));
    await Promise.resolve();
  }, () => {});
  for (const value of [1, 2, 3]) lines.send(value);
  assertEquals(lines.waiting, 2);
  await lines.flush();
  assertEquals(writes, ["1\n", "2\n3\n"]);
  assertEquals(lines.waiting, 0);
  await lines.flush();
});

Deno.test("a failure is told once, as is a reader that has stopped", async () => {
  const told: unknown[] = [];
  const broken = new JsonLines(() => Promise.reject("broken"), (why) => told.push(why));
  broken.send(1);
  await new Promise((resolve) => setTimeout(resolve));
  broken.send(2);
  const stuck = new JsonLines(() => new Promise(() => {}), (why) => told.push(String(why)));
  for (let index = 0; index < 100_010; index++) stuck.send(index);
  assertEquals(told, ["broken", "Error: 100000 lines wait to be read"]);
});
