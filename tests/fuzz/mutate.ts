// Makes an input from others: what a careless or hostile peer might send instead.

import { concat } from "@std/bytes";
import { HEADER_SIZE } from "../../lib/protocol/messages.ts";
import type { SimRandom } from "../simulation/random.ts";
import type { Input } from "./seeds.ts";

/** A conversation may grow by splices up to so many frames. */
const MOST_FRAMES = 40;
/** A frame may grow up to so many bytes. */
const MOST_BYTES = 70_000;
/** Where counts, sizes and offsets break. */
const EXTREMES = [
  0n,
  1n,
  8n,
  9n,
  17n,
  255n,
  4096n,
  4097n,
  0x7fffn,
  0xffffn,
  1_052_672n,
  1_052_673n,
  0x7fff_ffffn,
  0xffff_ffffn,
  2n ** 53n - 2n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 64n - 1n,
];
/** Tags of the transcripts, the connection's own, and others. */
const TAGS = [0, 1, 2, 3, 4, 5, 7, 999, 0xffff_ffff];

/** One to four changes to an input; `other` is what a splice takes from. */
export function mutated(input: Input, other: Input, random: SimRandom): Input {
  let frames = [...input];
  for (let left = random.whole(1, 5); left > 0; left--) frames = change(frames, other, random);
  return frames.slice(0, MOST_FRAMES);
}

/** A change to a single frame. */
export function mutatedFrame(frame: Uint8Array, random: SimRandom): Uint8Array {
  const bytes = frame.slice();
  const view = new DataView(bytes.buffer);
  const at = random.whole(0, bytes.length);
  if (bytes.length === 0) return randomBytes(random, random.magnitude(60));
  switch (random.pick(["flip", "integer", "tag", "type", "cut", "insert", "byte"])) {
    case "flip":
      bytes[at]! ^= 1 << random.whole(0, 8);
      return bytes;
    case "byte":
      bytes[at] = random.whole(0, 256);
      return bytes;
    case "integer": {
      const size = random.pick([1, 2, 4, 8]);
      // A field begins somewhere behind the header; the size itself is one as well.
      const start = random.chance(0.1) ? 0 : at;
      if (start + size > bytes.length) return bytes;
      const value = random.pick(EXTREMES);
      for (let index = 0; index < size; index++) {
        bytes[start + index] = Number(value >> BigInt(8 * (size - 1 - index)) & 0xffn);
      }
      return bytes;
    }
    case "tag":
      if (bytes.length >= HEADER_SIZE) view.setUint32(5, random.pick(TAGS));
      return bytes;
    case "type":
      if (bytes.length > 4) bytes[4] = random.whole(0, 40);
      return bytes;
    case "cut":
      return perhapsSized(
        concat([bytes.subarray(0, at), bytes.subarray(at + few(random))]),
        random,
      );
    default: {
      const added = randomBytes(random, few(random));
      return perhapsSized(concat([bytes.subarray(0, at), added, bytes.subarray(at)]), random);
    }
  }
}

function change(frames: Uint8Array[], other: Input, random: SimRandom): Uint8Array[] {
  const at = random.whole(0, frames.length);
  const there = random.whole(0, frames.length);
  const frame = frames[at];
  if (!frame) return [...other];
  switch (random.pick(["frame", "frame", "frame", "repeat", "swap", "drop", "splice", "graft"])) {
    case "frame":
      return frames.with(at, mutatedFrame(frame, random).subarray(0, MOST_BYTES));
    case "repeat":
      return frames.toSpliced(there, 0, frame);
    case "swap":
      return frames.with(at, frames[there]!).with(there, frame);
    case "drop":
      return frames.length > 1 ? frames.toSpliced(at, 1) : frames;
    case "splice":
      return frames.toSpliced(at, 0, ...other.slice(random.whole(0, other.length + 1)));
    default: {
      // The head of one frame and the tail of another.
      const from = random.pick([...other, frame]);
      const cut = random.whole(0, frame.length + 1);
      const bytes = concat([frame.subarray(0, cut), from.subarray(cut)]);
      return frames.with(at, perhapsSized(bytes, random));
    }
  }
}

/** Mostly with the size that it has now: a wrong one is refused before the rest is looked at. */
function perhapsSized(bytes: Uint8Array, random: SimRandom): Uint8Array {
  if (bytes.length >= 4 && random.chance(0.8)) {
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length);
  }
  return bytes;
}

function few(random: SimRandom): number {
  return 1 + random.magnitude(64);
}

function randomBytes(random: SimRandom, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, () => random.whole(0, 256));
}
