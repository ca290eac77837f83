// A File message as the public API shows it.

import { toHex } from "../base/hex.ts";
import type { Message } from "../protocol/messages.ts";
import { MorselError } from "../base/errors.ts";
import type { FileInfo } from "./types.ts";

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
