// Answers ReadRange (PROTOCOL.md 4.4): the way of a download, on the server.

import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE } from "../base/merkle.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { BATCH_SIZE } from "../protocol/data_batch.ts";
import { sendData } from "../protocol/send_data.ts";
import { type Exchange, fileMessage } from "./exchange.ts";
import type { Pin } from "./pinned_versions.ts";

/** Bytes that may wait to be written when a small file is still answered at once. */
const WRITE_BEHIND = 64 * 1024;
/** Chunks of an answer at once: more would hold the other sessions up. */
const MAX_CHUNKS_AT_ONCE = 64;
/**
 * Bytes of a batch, two of which a range is sent from, where so many requests are under way that these are their shares.
 * Those that came before have larger ones: 1024 have 60 MiB in all, twice.
 */
const BATCHES = 16 * 1024 * 1024;
const LEAST_BATCH = 16 * 1024;
const NOTHING = new Uint8Array(0);

/** Sends File if the newest version was asked for, then the Data of the range; returns its End. */
export async function readRange(
  request: MessageOf<"ReadRange">,
  exchange: Exchange,
): Promise<Message> {
  insistOnTerms(request, exchange);
  const { name, version } = request;
  const pin = await exchange.pins.acquire(name, version);
  try {
    return await inTurn(pin, () => sendRange(request, { ...exchange, ...pin }));
  } finally {
    await exchange.pins.release(pin);
  }
}

/**
 * Answers for the newest version of a small file that is at hand; false when it is not, and where there is
 * no hurry. The fast path of small files: no promise is made between the request and the write.
 * `bench/requests_bench.ts` shows what a request costs. Throws what `readRange` would.
 */
export function readAtOnce(
  request: MessageOf<"ReadRange">,
  exchange: Omit<Exchange, "signal" | "underWay">,
): boolean {
  const { tag, offset, chunk, proof, version } = request;
  const { writer, store, pins } = exchange;
  if (version !== 0 || writer.unwritten > WRITE_BEHIND) return false;
  insistOnTerms(request, exchange);
  const open = store.openAtOnce(request.name);
  if (!open) return false;
  const { file, bytes } = open;
  const end = endOf(request, file.size);
  if (end - offset > chunk * MAX_CHUNKS_AT_ONCE) return false;
  writer.add(fileMessage(tag, file));
  for (let start = offset; start < end; start += chunk) {
    const data = bytes.subarray(start, Math.min(end, start + chunk));
    writer.add({ type: "Data", tag, offset: start, data });
  }
  // One block at most, whose hash is the digest: there is nothing beside it to prove it with.
  if (proof) writer.add({ type: "Proof", tag, hashes: NOTHING });
  writer.post({ type: "End", tag, offset: end });
  // Behind the write: whoever asks for the next range asks later.
  pins.hold(open);
  return true;
}

async function sendRange(
  request: MessageOf<"ReadRange">,
  { writer, signal, underWay, open, batches }: Exchange & Pick<Pin, "open" | "batches">,
): Promise<Message> {
  signal.throwIfAborted();
  const { tag, offset, chunk, proof, version } = request;
  const { size } = open.file;
  const end = endOf(request, size);
  // It goes out with the data, or with the end. A lost connection shows there.
  if (version === 0) writer.add(fileMessage(tag, open.file));
  const read = async (into: Uint8Array, position: number) => {
    const count = await open.read(into, position);
    if (count === into.length) return count;
    throw new MorselError("integrity", `The stored content of ${size} bytes ends before its time`);
  };
  const most = Math.max(LEAST_BATCH, Math.min(BATCH_SIZE, Math.floor(BATCHES / underWay)));
  const atMost = () => most;
  await sendData(writer, { tag, start: offset, end, chunk, atMost, read, signal, batches });
  if (proof) {
    const [first, last] = [offset / BLOCK_SIZE, Math.ceil(end / BLOCK_SIZE)];
    const hashes = offset < end ? await open.prove(first, last) : NOTHING;
    writer.add({ type: "Proof", tag, hashes });
  }
  return { type: "End", tag, offset: end };
}

function insistOnTerms(
  { chunk, proof }: MessageOf<"ReadRange">,
  { maxChunk }: { maxChunk: number },
): void {
  if (proof > 1) throw new MorselError("invalid", `There is no proof ${proof}`);
  if (chunk >= 1 && chunk <= maxChunk) return;
  throw new MorselError("limit", `A chunk of ${chunk} bytes is not within 1 to ${maxChunk}`, {
    detail: { limit: "maxChunk", value: String(maxChunk) },
  });
}

/** Where the range ends in a file of this size. Throws `invalid` when it is none, or cannot be proven. */
function endOf({ offset, length, proof }: MessageOf<"ReadRange">, size: number): number {
  if (offset > size) {
    throw new MorselError(
      "invalid",
      `Cannot read from offset ${offset} of a file of ${size} bytes`,
    );
  }
  const end = Math.min(size, offset + length);
  if (proof) insistOnBlocks(offset, end, size);
  return end;
}

/** Only whole blocks can be proven: their hashes are what the tree is made of. */
function insistOnBlocks(offset: number, end: number, size: number): void {
  if (offset % BLOCK_SIZE === 0 && (end % BLOCK_SIZE === 0 || end === size)) return;
  throw new MorselError(
    "invalid",
    `Cannot prove bytes ${offset} to ${end}, as they are not whole blocks of ${BLOCK_SIZE}`,
  );
}

/** Runs `work` once the ranges of this version that were asked for before have been answered. */
async function inTurn<T>(pin: Pin, work: () => Promise<T>): Promise<T> {
  const before = pin.turn;
  const done = Promise.withResolvers<void>();
  pin.turn = done.promise;
  if (before) await before;
  try {
    return await work();
  } finally {
    if (pin.turn === done.promise) pin.turn = undefined;
    done.resolve();
  }
}
