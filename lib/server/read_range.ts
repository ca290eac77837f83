// Answers ReadRange (PROTOCOL.md 4.4): the way of a download, on the server.

import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE } from "../base/merkle.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { sendData } from "../protocol/send_data.ts";
import type { OpenVersion } from "../store/file_store.ts";
import { type Exchange, fileMessage } from "./exchange.ts";
import type { Pin } from "./pinned_versions.ts";

/** Sends File if the newest version was asked for, then the Data of the range; returns its End. */
export async function readRange(
  request: MessageOf<"ReadRange">,
  exchange: Exchange,
): Promise<Message> {
  const { chunk, name, version } = request;
  if (chunk < 1 || chunk > exchange.maxChunk) {
    throw new MorselError(
      "limit",
      `A chunk of ${chunk} bytes is not within 1 to ${exchange.maxChunk}`,
      {
        detail: { limit: "maxChunk", value: String(exchange.maxChunk) },
      },
    );
  }
  if (request.proof > 1) throw new MorselError("invalid", `There is no proof ${request.proof}`);
  const pin = await exchange.pins.acquire(name, version);
  try {
    return await inTurn(pin, () => sendRange(request, { ...exchange, open: pin.open }));
  } finally {
    await exchange.pins.release(pin);
  }
}

async function sendRange(
  { tag, offset, length, chunk, proof, version }: MessageOf<"ReadRange">,
  { writer, signal, open }: Exchange & { open: OpenVersion },
): Promise<Message> {
  signal.throwIfAborted();
  const { size } = open.file;
  if (offset > size) {
    throw new MorselError(
      "invalid",
      `Cannot read from offset ${offset} of a file of ${size} bytes`,
    );
  }
  const end = Math.min(size, offset + length);
  if (proof) insistOnBlocks(offset, end, size);
  if (version === 0) {
    // Not awaited: it goes out with the data. A lost connection shows at the data or at the end.
    writer.send(fileMessage(tag, open.file)).catch(() => {});
  }
  const read = async (into: Uint8Array, position: number) => {
    const count = await open.read(into, position);
    if (count === into.length) return count;
    throw new MorselError("integrity", `The stored content of ${size} bytes ends before its time`);
  };
  await sendData(writer, { tag, start: offset, end, chunk, read, signal });
  if (proof) {
    const [first, last] = [offset / BLOCK_SIZE, Math.ceil(end / BLOCK_SIZE)];
    const hashes = offset < end ? await open.prove(first, last) : new Uint8Array(0);
    writer.send({ type: "Proof", tag, hashes }).catch(() => {});
  }
  return { type: "End", tag, offset: end };
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
  await before;
  try {
    return await work();
  } finally {
    done.resolve();
  }
}
