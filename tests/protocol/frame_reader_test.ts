// FrameReader: frames come out whole and in order, however the bytes are cut.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { encode, type UnknownMessage } from "../../lib/protocol/codec.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import type { Message } from "../../lib/protocol/messages.ts";
import { memoryPair } from "../support/memory_connection.ts";

const MIXED: Message[] = [
  { type: "Stat", tag: 1, name: "a.txt" },
  { type: "Ping", tag: 0 },
  data(3, 0, 1300),
  data(3, 1300, 1300),
  data(3, 2600, 7),
  { type: "End", tag: 3, offset: 2607 },
  data(4, 2 ** 40, 70_000),
  { type: "List", tag: 5, limit: 10, prefix: "", after: "é" },
];

Deno.test("FrameReader takes frames that arrive a byte at a time", async () => {
  assertEquals(await readAll(MIXED, { cuts: () => 1 }), flat(MIXED));
});

Deno.test("FrameReader takes many frames out of one read", async () => {
  assertEquals(await readAll(MIXED, {}), flat(MIXED));
});

Deno.test("FrameReader takes the same frames however the stream is cut", async () => {
  for (let round = 0; round < 20; round++) {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const cuts = () => 1 + Math.floor(random() ** 4 * 40_000);
    assertEquals(await readAll(MIXED, { cuts }), flat(MIXED), `with the seed ${seed}`);
  }
});

Deno.test("FrameReader joins neighbouring Data frames of one transfer into one run", async () => {
  const chunks = Array.from({ length: 10 }, (_, index) => data(7, index * 50, 50));
  const messages = await takeTogether(chunks);
  assertEquals(messages.length, 1);
  const [run] = messages as [Extract<Message, { type: "Data" }>];
  assertEquals([run.tag, run.offset], [7, 0]);
  assertEquals(toHex(run.data), toHex(concat(chunks.map((chunk) => chunk.data))));
});

Deno.test("FrameReader ends a run at another tag, another offset and another message", async () => {
  const messages = await takeTogether([
    data(1, 0, 10),
    data(1, 10, 10),
    data(2, 20, 10),
    data(1, 20, 10),
    data(1, 31, 10),
    data(1, 31, 10),
    { type: "Ping", tag: 1 },
    data(1, 41, 10),
  ]);
  const shown = messages.map((message) =>
    message.type === "Data" ? [message.tag, message.offset, message.data.length] : message.type
  );
  const expected = [[1, 0, 20], [2, 20, 10], [1, 20, 10], [1, 31, 10], [1, 31, 10]];
  assertEquals(shown, [...expected, "Ping", [1, 41, 10]]);
});

Deno.test("FrameReader leaves the broken frame behind a run to be refused by itself", async () => {
  const { reader } = await filled(concat([encode(data(1, 0, 10)), new Uint8Array(17).fill(0xff)]));
  assertEquals(reader.take()?.type, "Data");
  assertThrows(() => reader.take(), MorselError, "over the 100000 allowed");
});

Deno.test("FrameReader hands a run out before it refuses the offset of the chunk behind it", async () => {
  const beyond = encode(data(1, 10, 10));
  new DataView(beyond.buffer).setUint32(9, 0x20_0000);
  const { reader } = await filled(concat([encode(data(1, 0, 10)), beyond]));
  const run = reader.take();
  assertEquals(run?.type === "Data" && run.data.length, 10);
  assertThrows(() => reader.take(), MorselError, "2^53 - 1");
});

Deno.test("FrameReader joins nothing while it traces, so that each frame shows", async () => {
  const lines: string[] = [];
  const chunks = [data(1, 0, 10), data(1, 10, 5)];
  const messages = await takeTogether(chunks, (line) => lines.push(line));
  assertEquals(messages.length, 2);
  assertEquals(lines, [
    "Data tag 1 offset 0 data (10 bytes)",
    "Data tag 1 offset 10 data (5 bytes)",
  ]);
});

Deno.test("FrameReader refuses a frame over its limit as soon as the size is there", async () => {
  const { reader } = await filled(Uint8Array.of(0x00, 0x01, 0x86, 0xa1));
  const error = assertThrows(() => reader.take(), MorselError);
  assertEquals(error.code, "protocol");
  assertEquals(error.detail, { limit: "maxFrame", value: "100000" });
  assertEquals(reader.bytesRead, 4);
});

Deno.test("FrameReader takes a frame of exactly its limit, larger than its buffer", async () => {
  const large = data(1, 0, 100_000 - 17);
  assertEquals(await readAll([large, { type: "Ping", tag: 1 }], { cuts: () => 5000 }), [
    ...flat([large]),
    "Ping tag 1",
  ]);
});

Deno.test("FrameReader makes room for a frame as its bytes come, not as its size says", async () => {
  const frame = encode(data(1, 0, 90_000));
  const rooms: { sent: number; room: number }[] = [];
  let sent = 0;
  const readable = new ReadableStream<Uint8Array>({
    type: "bytes",
    pull: (controller) => {
      const request = (controller as ReadableByteStreamController).byobRequest!;
      const { buffer, byteOffset, byteLength } = request.view!;
      rooms.push({ sent, room: byteOffset + byteLength });
      const piece = frame.subarray(sent, sent + Math.min(byteLength, 700));
      new Uint8Array(buffer, byteOffset).set(piece);
      sent += piece.length;
      request.respond(piece.length);
    },
  });
  const reader = new FrameReader(readable, { maxFrame: 100_000 });
  let message = reader.take();
  for (; !message; message = reader.take()) assert(await reader.fill());
  assertEquals(toHex(encode(message as Message)), toHex(frame));
  for (const { sent, room } of rooms) {
    assert(room <= Math.max(1024, 4 * sent), `${room} of ${sent}`);
  }
});

Deno.test("FrameReader.fill() fails with connection when the stream ends inside a frame", async () => {
  const whole = encode({ type: "Stat", tag: 1, name: "a.txt" });
  for (let end = 1; end < whole.length; end++) {
    const [mine, theirs] = memoryPair();
    const reader = new FrameReader(mine.readable, { maxFrame: 100 });
    const writer = theirs.writable.getWriter();
    void writer.write(whole.slice(0, end));
    void writer.close();
    assert(await reader.fill());
    assertEquals(reader.take(), undefined);
    const error = await assertRejects(() => reader.fill(), MorselError, "inside a frame");
    assertEquals(error.code, "connection");
    assertEquals(toHex(reader.untaken), toHex(whole.subarray(0, end)));
  }
});

Deno.test("FrameReader.fill() is false at the end of the stream, as often as it is asked", async () => {
  const [mine, theirs] = memoryPair();
  const reader = new FrameReader(mine.readable, { maxFrame: 100 });
  void theirs.writable.getWriter().close();
  assertEquals(await reader.fill(), false);
  assertEquals(await reader.fill(), false);
  assertEquals(reader.take(), undefined);
});

Deno.test("FrameReader.fill() fails with connection when the stream fails, and untaken is empty", async () => {
  const readable = new ReadableStream<Uint8Array>({
    type: "bytes",
    pull: () => Promise.reject(new Error("reset by peer")),
  });
  const reader = new FrameReader(readable, { maxFrame: 100 });
  assertEquals((await assertRejects(() => reader.fill(), MorselError)).code, "connection");
  assertEquals(reader.untaken.length, 0);
  assertEquals((await assertRejects(() => reader.fill(), MorselError)).code, "connection");
});

/** All messages that arrive, in notation with their payloads; runs are told as one. */
async function readAll(
  messages: readonly Message[],
  options: { cuts?: () => number },
): Promise<string[]> {
  const [mine, theirs] = memoryPair(options);
  const reader = new FrameReader(mine.readable, { maxFrame: 100_000 });
  const writer = theirs.writable.getWriter();
  void writer.write(concat(messages.map(encode)));
  void writer.close();
  const taken: (Message | UnknownMessage)[] = [];
  do {
    for (let message = reader.take(); message; message = reader.take()) taken.push(copy(message));
  } while (await reader.fill());
  return flat(taken as Message[]);
}

/** The messages as lines, with the Data of one transfer joined wherever it was cut. */
function flat(messages: readonly Message[]): string[] {
  const lines: { key: string; end: number; text: string }[] = [];
  for (const message of messages) {
    if (message.type !== "Data") {
      const { type, tag, ...fields } = message;
      const values = Object.values(fields).map((value) => ` ${value}`).join("");
      lines.push({ key: "", end: 0, text: `${type} tag ${tag}${values}` });
      continue;
    }
    const { tag, offset, data } = message;
    const last = lines.at(-1);
    if (last?.key === `Data ${tag}` && last.end === offset) {
      last.text += toHex(data);
      last.end += data.length;
    } else {
      const text = `Data ${tag} ${offset} ${toHex(data)}`;
      lines.push({ key: `Data ${tag}`, end: offset + data.length, text });
    }
  }
  return lines.map(({ text }) => text);
}

/** What one read of all the frames yields. */
async function takeTogether(
  messages: readonly Message[],
  trace?: (line: string) => void,
): Promise<(Message | UnknownMessage)[]> {
  const { reader } = await filled(concat(messages.map(encode)), trace);
  const taken: (Message | UnknownMessage)[] = [];
  for (let message = reader.take(); message; message = reader.take()) taken.push(copy(message));
  return taken;
}

async function filled(bytes: Uint8Array, trace?: (line: string) => void) {
  const [mine, theirs] = memoryPair();
  const reader = new FrameReader(mine.readable, { maxFrame: 100_000, trace });
  void theirs.writable.getWriter().write(bytes);
  await reader.fill();
  return { reader };
}

function copy(message: Message | UnknownMessage): Message | UnknownMessage {
  return message.type === "Data" ? { ...message, data: message.data.slice() } : message;
}

function data(tag: number, offset: number, size: number): Extract<Message, { type: "Data" }> {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (offset + index * 7) % 251);
  return { type: "Data", tag, offset, data: bytes };
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
