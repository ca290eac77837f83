// Whatever can be put, as one thing: bytes read at positions, front to back and, where the source allows, from
// an earlier position again.

import { StreamPieces } from "./stream_pieces.ts";
import type { ByteSource, PutSource } from "./types.ts";

/** Bytes to be put. Whoever opened it closes it. */
export interface UploadSource {
  /** How many bytes there are, where that is known. */
  readonly size: number | undefined;
  /** All of it, where it is in memory already. */
  readonly bytes?: Uint8Array;
  /** Whether a position can be read again, as a resume needs it. */
  readonly isRepeatable: boolean;
  /** Whether some of it has been read that cannot be read again: what is left is not the source any more. */
  readonly isSpent: boolean;
  /** Fills `into` from `position` on; fewer bytes than it takes only at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Whether it still is what it was when it was opened. */
  isUnchanged(): Promise<boolean>;
  /** Lets go of the source, read to its end or not. */
  close(): Promise<void>;
}

/** Opens a source. `size` is what its caller knows of a stream's or {@linkcode ByteSource}'s size. */
export function openSource(source: PutSource, size: number | undefined): UploadSource {
  if (typeof source === "string") return fromBytes(new TextEncoder().encode(source));
  if (source instanceof Uint8Array) return fromBytes(source);
  if (source instanceof Blob) return fromPositions(readerOf(source), source.size);
  if (source instanceof ReadableStream) return fromStream(source, size);
  return fromPositions(source, size);
}

function fromBytes(bytes: Uint8Array): UploadSource {
  const read = (into: Uint8Array, position: number) => {
    const piece = bytes.subarray(position, position + into.length);
    into.set(piece);
    return Promise.resolve(piece.length);
  };
  return { ...fromPositions({ read }, bytes.length), bytes };
}

function readerOf(blob: Blob): ByteSource {
  return {
    read: async (into, position) => {
      const piece = await blob.slice(position, position + into.length).arrayBuffer();
      into.set(new Uint8Array(piece));
      return piece.byteLength;
    },
  };
}

function fromPositions(source: ByteSource, size: number | undefined): UploadSource {
  return {
    size,
    isRepeatable: true,
    isSpent: false,
    read: (into, position) => source.read(into, position),
    isUnchanged: async () => await source.isUnchanged?.() ?? true,
    close: () => Promise.resolve(),
  };
}

function fromStream(stream: ReadableStream<Uint8Array>, size: number | undefined): UploadSource {
  const pieces = new StreamPieces(stream);
  let rest: Uint8Array = new Uint8Array(0);
  let isSpent = false;
  return {
    size,
    isRepeatable: false,
    get isSpent() {
      return isSpent;
    },
    read: async (into) => {
      isSpent = true;
      let filled = 0;
      while (filled < into.length) {
        if (rest.length === 0) {
          const next = await pieces.next();
          if (!next) break;
          rest = next;
        }
        const piece = rest.subarray(0, into.length - filled);
        into.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return filled;
    },
    isUnchanged: () => Promise.resolve(true),
    close: () => pieces.cancel(),
  };
}
