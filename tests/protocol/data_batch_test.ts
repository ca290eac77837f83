// DataBatch: the fast path lays out exactly the frames that `encode` would.

import { assert, assertEquals } from "@std/assert";
import { concat, equals } from "@std/bytes";
import { encode } from "../../lib/protocol/codec.ts";
import { DataBatch } from "../../lib/protocol/data_batch.ts";
import { FrameWriter } from "../../lib/protocol/frame_writer.ts";
import { sendData } from "../../lib/protocol/send_data.ts";

const CHUNKS = [1, 2, 16, 1300, 65_536, 1024 * 1024];
const OFFSETS = [0, 2 ** 32 - 20, 2 ** 32, 2 ** 40 + 5];

for (const chunk of CHUNKS) {
  Deno.test(`DataBatch.frames() equals encode() for chunks of ${chunk} bytes`, () => {
    for (const offset of OFFSETS) {
      const batch = new DataBatch(chunk, Infinity);
      const lengths = [1, chunk, chunk - 1, chunk + 1, 3 * chunk + 1, batch.capacity];
      for (const length of lengths.filter((size) => size > 0 && size <= batch.capacity)) {
        const content = contentOf(length);
        batch.space(length).set(content);
        const frames = batch.frames(length, { tag: 0xfedcba98, offset });
        const expected = encoded(content, { tag: 0xfedcba98, offset, chunk });
        assert(equals(frames, expected), `${length} bytes at offset ${offset}`);
      }
    }
  });
}

Deno.test("DataBatch.frames() takes fewer bytes than it gave space for", () => {
  const batch = new DataBatch(16, 1000);
  const content = contentOf(37);
  batch.space(160).set(content);
  const frames = batch.frames(37, { tag: 1, offset: 5 });
  assert(equals(frames, encoded(content, { tag: 1, offset: 5, chunk: 16 })));
});

Deno.test("DataBatch.capacity is a multiple of the chunk and no more than is needed", () => {
  assertEquals(new DataBatch(16, 36).capacity, 48);
  assertEquals(new DataBatch(1300, 1).capacity, 1300);
  assertEquals(new DataBatch(1024 * 1024, Infinity).capacity, 1024 * 1024);
  assertEquals(new DataBatch(1300, Infinity).capacity % 1300, 0);
});

Deno.test("sendData() sends a range in exact chunks, in several writes", async () => {
  for (const [chunk, size] of [[1300, 1_000_001], [1, 40_000], [65_536, 262_144]] as const) {
    const content = contentOf(size);
    const { end, written } = await send({ chunk, start: 0, end: size, content });
    assertEquals(end, size);
    assert(equals(written, encoded(content, { tag: 9, offset: 0, chunk })), `chunks of ${chunk}`);
  }
});

Deno.test("sendData() sends as much in a write as its batches are to hold", async () => {
  const content = contentOf(3_000_000);
  const range = { chunk: 1300, start: 0, end: content.length, content };
  const [usual, large] = [await send(range), await send({ ...range, atMost: () => 1024 * 1024 })];
  assert(equals(usual.written, large.written));
  assertEquals([usual.writes, large.writes], [12, 3]);
});

Deno.test("sendData() ends where its source does", async () => {
  const content = contentOf(300_000);
  const { end, written } = await send({ chunk: 1300, start: 0, end: Infinity, content });
  assertEquals(end, content.length);
  assert(equals(written, encoded(content, { tag: 9, offset: 0, chunk: 1300 })));
});

Deno.test("sendData() sends nothing for an empty range or an empty source", async () => {
  const content = new Uint8Array(0);
  for (const [start, last] of [[5, 5], [0, Infinity]] as const) {
    const { end, written } = await send({ chunk: 10, start, end: last, content });
    assertEquals([end, written.length], [start, 0]);
  }
});

Deno.test("sendings one after the other share buffers that are still being written", async () => {
  const content = contentOf(300_000);
  const writes: Uint8Array[] = [];
  const writer = new FrameWriter(
    new WritableStream<Uint8Array>({
      // Later than the next sending could begin to fill the buffer again.
      write: async (bytes) => {
        for (let turn = 0; turn < 50; turn++) await Promise.resolve();
        writes.push(bytes.slice());
      },
    }),
    { soon: queueMicrotask },
  );
  const batches: DataBatch[] = [];
  const { signal } = new AbortController();
  const ranges = [
    [0, 40_000, 1300],
    [40_000, 80_000, 1300],
    [80_000, 100_000, 1300],
    [100_000, 120_000, 1000],
    [120_000, 300_000, 1000],
  ] as const;
  for (const [start, end, chunk] of ranges) {
    await sendData(writer, { tag: 9, start, end, chunk, read: readFrom(content), signal, batches });
  }
  await writer.close();
  const expected = ranges.map(([start, end, chunk]) => {
    return encoded(content.subarray(start, end), { tag: 9, offset: start, chunk });
  });
  assertEquals(concat(writes), concat(expected));
  assert(batches.length <= 2);
});

interface Range {
  readonly chunk: number;
  readonly start: number;
  readonly end: number;
  readonly content: Uint8Array;
  readonly atMost?: (offset: number) => number;
}

async function send({ chunk, start, end, content, atMost }: Range) {
  const writes: Uint8Array[] = [];
  const writable = new WritableStream<Uint8Array>({
    // Copied late, as a socket would read it: the buffers must not be reused before.
    write: async (bytes) => {
      await Promise.resolve();
      writes.push(bytes.slice());
    },
  });
  const writer = new FrameWriter(writable, { soon: queueMicrotask });
  const { signal } = new AbortController();
  const read = readFrom(content);
  const sentTo = await sendData(writer, { tag: 9, start, end, chunk, atMost, read, signal });
  await writer.close();
  return { end: sentTo, written: concat(writes), writes: writes.length };
}

function readFrom(content: Uint8Array) {
  return (into: Uint8Array, offset: number) => {
    const part = content.subarray(offset, offset + into.length);
    into.set(part);
    return Promise.resolve(part.length);
  };
}

function encoded(
  content: Uint8Array,
  { tag, offset, chunk }: { tag: number; offset: number; chunk: number },
): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let start = 0; start < content.length; start += chunk) {
    const data = content.subarray(start, start + chunk);
    frames.push(encode({ type: "Data", tag, offset: offset + start, data }));
  }
  return concat(frames);
}

function contentOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index * 7 % 251);
}
