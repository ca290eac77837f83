// What a frame of 1300 bytes costs, without network and disk: laying chunks out in frames, taking them out of
// a stream, and the codec of an ordinary message. Each beside a control that only moves the bytes.

import { assertEquals } from "@std/assert";
import { decode, encode } from "../lib/protocol/codec.ts";
import { DataBatch } from "../lib/protocol/data_batch.ts";
import { FrameReader } from "../lib/protocol/frame_reader.ts";
import { HEADER_SIZE, type Message } from "../lib/protocol/messages.ts";

const CHUNK = 1300;
const batch = new DataBatch(CHUNK, Infinity);
const content = new Uint8Array(batch.capacity).map((_, index) => index * 7);
const copy = new Uint8Array(batch.capacity);

function layOut(): Uint8Array {
  batch.space(batch.capacity).set(content);
  return batch.frames(batch.capacity, { tag: 1, offset: 0 });
}

/** The frames again and again, as many as are asked for, from a byte stream. */
function stream(frames: Uint8Array, rounds: number): ReadableStream<Uint8Array> {
  let round = 0;
  let position = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest!.view!;
      const into = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      const piece = frames.subarray(position, position + into.length);
      into.set(piece);
      position += piece.length;
      if (position === frames.length) [position, round] = [0, round + 1];
      controller.byobRequest!.respond(piece.length);
      if (round === rounds) controller.close();
    },
  });
}

async function takeOut(frames: Uint8Array, rounds: number): Promise<number> {
  const reader = new FrameReader(stream(frames, rounds), { maxFrame: 2 ** 20 });
  let size = 0;
  while (await reader.fill()) {
    for (let message = reader.take(); message; message = reader.take()) {
      if (message.type === "Data") size += message.data.length;
    }
  }
  return size;
}

const ROUNDS = 100;
const frames = layOut().slice();
assertEquals(await takeOut(frames, 3), 3 * content.length);

const chunks = content.length / CHUNK;
Deno.bench(`lay out ${chunks} chunks of ${CHUNK}`, { group: "out" }, () => void layOut());
Deno.bench("control: copy their bytes", { group: "out", baseline: true }, () => copy.set(content));

Deno.bench(`take ${chunks * ROUNDS} chunks out of a stream`, { group: "in" }, async () => {
  await takeOut(frames, ROUNDS);
});
Deno.bench("control: read their bytes", { group: "in", baseline: true }, async () => {
  const reader = stream(frames, ROUNDS).getReader({ mode: "byob" });
  let buffer = new Uint8Array(256 * 1024);
  for (;;) {
    const { value, done } = await reader.read(buffer);
    if (done) break;
    buffer = new Uint8Array(value.buffer);
  }
});

const message: Message = {
  type: "File",
  tag: 7,
  version: 9,
  size: 1300,
  committedMs: 1_700_000_000_000,
  modifiedMs: 0,
  digest: new Uint8Array(32),
  metadata: {},
  name: "photos/holiday.jpg",
};
const encoded = encode(message);
const frame = { number: encoded[4]!, tag: 7, body: encoded.subarray(HEADER_SIZE) };
assertEquals(decode(frame) as Message, message);
Deno.bench("encode File", { group: "codec" }, () => void encode(message));
Deno.bench("decode File", { group: "codec" }, () => void decode(frame));
Deno.bench("control: JSON of its fields", { group: "codec", baseline: true }, () => {
  JSON.parse(JSON.stringify({ ...message, digest: "" }));
});
