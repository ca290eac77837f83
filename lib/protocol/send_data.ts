// Sends a range of bytes as Data frames: the server's side of a download, the client's of an upload.

import { DataBatch } from "./data_batch.ts";
import type { FrameWriter } from "./frame_writer.ts";

/** Bytes that may be on their way when the sending of a range ends; many small ranges share a write. */
const WRITE_BEHIND = 64 * 1024;

/** What {@linkcode sendData} sends, and where from. */
export interface DataToSend {
  readonly tag: number;
  /** The first byte, and the byte after the last; `end` may be Infinity where the source says. */
  readonly start: number;
  readonly end: number;
  /** Payload bytes of each frame but the last. */
  readonly chunk: number;
  /** The most bytes read and written at a time from `offset` on, where that is not to be a batch of the usual size. */
  readonly atMost?: ((offset: number) => number) | undefined;
  /** Fills `into` from `offset` on; fewer bytes than it takes mean that the source has ended. */
  readonly read: (into: Uint8Array, offset: number) => Promise<number>;
  /** Ends the sending between two writes. */
  readonly signal: AbortSignal;
  /** What was sent from before, to be used again and kept for the next time; only one sending at a time may have it. */
  readonly batches?: DataBatch[];
}

/**
 * Sends the bytes in writes of many frames, reading the next while one is written. Returns where it
 * ended, which is before `end` only if the source did. The last bytes may still be on their way then,
 * so that a message sent right after them goes along in the same write.
 */
export async function sendData(writer: FrameWriter, data: DataToSend): Promise<number> {
  const { tag, start, end, chunk, atMost, read, signal, batches = [] } = data;
  let written: Promise<void> | undefined;
  let offset = start;
  for (let turn = 0; offset < end; turn = 1 - turn) {
    const most = atMost?.(offset);
    const payload = Math.min(end - offset, most ? wholeChunks(most, chunk) : Infinity);
    if (!batches[turn]?.fits(chunk, payload, most)) {
      batches[turn] = new DataBatch(chunk, payload, most);
    }
    const batch = batches[turn]!;
    await batch.written; // where another sending has had it before
    const wanted = Math.min(batch.capacity, payload);
    const length = await read(batch.space(wanted), offset);
    await written;
    signal.throwIfAborted();
    if (length > 0) {
      written = batch.written = writer.sendFrames(batch.frames(length, { tag, offset }));
    }
    offset += length;
    if (length < wanted) break;
  }
  if (writer.unwritten > WRITE_BEHIND) await written;
  return offset;
}

function wholeChunks(size: number, chunk: number): number {
  return Math.max(chunk, size - size % chunk);
}
