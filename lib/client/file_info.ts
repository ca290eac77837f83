// File, Upload and Figures messages as the public API shows them.

import { toHex } from "../base/hex.ts";
import { decodeFigures } from "../protocol/figures.ts";
import { type Message, UNKNOWN_SIZE } from "../protocol/messages.ts";
import { MorselError } from "../base/errors.ts";
import type { Figures, FileInfo, UnfinishedUpload } from "./types.ts";

/** What a File message tells. Throws `protocol` for any other message. */
export function fileInfoOf(message: Message): FileInfo {
  if (message.type !== "File") {
    throw new MorselError("protocol", `The server sent ${message.type} where File belongs`);
  }
  const { name, version, size, digest, committedMs, modifiedMs, metadata } = message;
  return {
    name,
    version,
    size,
    digest: toHex(digest),
    committedMs,
    modifiedMs,
    metadata: { ...metadata },
  };
}

/** What an Upload message tells. Throws `protocol` for any other message. */
export function unfinishedUploadOf(message: Message): UnfinishedUpload {
  if (message.type !== "Upload") {
    throw new MorselError("protocol", `The server sent ${message.type} where Upload belongs`);
  }
  const { upload, name, declaredSize, durable, begunMs, activeMs, attached } = message;
  return {
    id: toHex(upload),
    name,
    declaredSize: declaredSize === UNKNOWN_SIZE ? undefined : declaredSize,
    durable,
    begunMs,
    activeMs,
    isAttached: attached === 1,
  };
}

/** What a Figures message tells. Throws `protocol` for any other message. */
export function figuresOf(message: Message): Figures {
  if (message.type === "Figures") return decodeFigures(message.figures);
  throw new MorselError("protocol", `The server sent ${message.type} where Figures belongs`);
}
