// When the Commits of many small files go out: with others, but not with all of them.

import { assertEquals } from "@std/assert";
import { Gathering } from "../../lib/client/gathering.ts";
import { FrameWriter } from "../../lib/protocol/frame_writer.ts";
import type { Message } from "../../lib/protocol/messages.ts";

const COMMIT: Message = { type: "Commit", tag: 1, size: 0, digest: new Uint8Array(32) };
const COMMIT_BYTES = 9 + 8 + 32;

Deno.test("Commits that come together go 256 at a time, and the rest soon", async () => {
  const { gathering, writes, later } = setUp();
  const sent = Array.from({ length: 600 }, () => gathering.send(COMMIT));
  later.shift()!();
  await Promise.all(sent);
  assertEquals(writes.map((bytes) => bytes / COMMIT_BYTES), [256, 344]);
  assertEquals(later, []);
});

Deno.test("what is asked for goes at once", async () => {
  const { gathering, writes } = setUp();
  for (let tag = 1; tag <= 3; tag++) await gathering.send({ type: "Ping", tag });
  assertEquals(writes, [9, 9, 9]);
});

function setUp() {
  const writes: number[] = [];
  const later: (() => void)[] = [];
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) => void writes.push(bytes.length),
  });
  const writer = new FrameWriter(writable, { soon: (task) => void later.push(task) });
  return { gathering: new Gathering(writer), writes, later };
}
