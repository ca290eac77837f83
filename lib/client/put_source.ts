// Whatever can be put, as one thing: bytes read front to back into buffers of the reader's.

import type { ByteSource, PutSource } from "./types.ts";

/** Bytes to be read front to back. Whoever opened it closes it. */
export interface SequentialSource {
  /** How many bytes there are, where that is known. */
  readonly size: number | undefined;
  /** Fills `into` with the next bytes; fewer than it takes only at the end. */
  read(into: Uint8Array): Promise<number>;
  /** Lets go of the source, read to its end or not. */
  close(): Promise<void>;
}

/** Opens a source. `size` is what its caller knows of a stream's or {@linkcode ByteSource}'s size. */
export function openSource(source: PutSource, size: number | undefined): SequentialSource {
  if (typeof source === "string") return fromBytes(new TextEncoder().encode(source));
  if (source instanceof Uint8Array) return fromBytes(source);
  if (source instanceof Blob) return fromPositions(readerOf(source), source.size);
  if (source instanceof ReadableStream) return fromStream(source, size);
  return fromPositions(source, size);
}

function fromBytes(bytes: Uint8Array): SequentialSource {
  let position = 0;
  return {
    size: bytes.length,
    read: (into) => {
      const piece = bytes.subarray(position, position + into.length);
      into.set(piece);
      position += piece.length;
      return Promise.resolve(piece.length);
    },
    close: () => Promise.resolve(),
  };
}

function readerOf(blob: Blob): ByteSource {
  return {
    read: async (into, position) => {
      const piece = new Uint8Array(
        await blob.slice(position, position + into.length).arrayBuffer(),
      );
      into.set(piece);
      return piece.length;
    },
  };
}

function fromPositions(source: ByteSource, size: number | undefined): SequentialSource {
  let position = 0;
  return {
    size,
    read: async (into) => {
      const count = await source.read(into, position);
      position += count;
      return count;
    },
    close: () => Promise.resolve(),
  };
}

function fromStream(
  stream: ReadableStream<Uint8Array>,
  size: number | undefined,
): SequentialSource {
  const reader = stream.getReader();
  let rest = new Uint8Array(0) as Uint8Array;
  return {
    size,
    read: async (into) => {
      let filled = 0;
      while (filled < into.length) {
        if (rest.length === 0) {
          const { value, done } = await reader.read();
          if (done) break;
          rest = value;
        }
        const piece = rest.subarray(0, into.length - filled);
        into.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return filled;
    },
    close: () => reader.cancel().catch(() => {}),
  };
}
