// Answers ReadRange (PROTOCOL.md 4.4): the way of a download, on the server.

import { MorselError } from "../base/errors.ts";
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
  const pin = await exchange.pins.acquire(name, version);
  try {
    return await inTurn(pin, () => sendRange(request, { ...exchange, open: pin.open }));
  } finally {
    await exchange.pins.release(pin);
  }
}

async function sendRange(
  { tag, offset, length, chunk, version }: MessageOf<"ReadRange">,
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
  if (version === 0) {
    // Not awaited: it goes out with the data. A lost connection shows at the data or at the end.
    writer.send(fileMessage(tag, open.file)).catch(() => {});
  }
  const end = Math.min(size, offset + length);
  const read = async (into: Uint8Array, position: number) => {
    const count = await open.read(into, position);
    if (count === into.length) return count;
    throw new MorselError("integrity", `The stored content of ${size} bytes ends before its time`);
  };
  await sendData(writer, { tag, start: offset, end, chunk, read, signal });
  return { type: "End", tag, offset: end };
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
