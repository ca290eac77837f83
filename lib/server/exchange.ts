// What the answers to requests share: what they are given, and how a file and a condition look on the wire.

import { MorselError } from "../base/errors.ts";
import type { FrameWriter } from "../protocol/frame_writer.ts";
import { CONDITIONS, type MessageOf } from "../protocol/messages.ts";
import type { Condition, FileRecord } from "../store/catalog.ts";
import type { FileStore } from "../store/file_store.ts";
import type { PinnedVersions } from "./pinned_versions.ts";

/** What the answer to a request needs. */
export interface Exchange {
  readonly store: FileStore;
  readonly pins: PinnedVersions;
  readonly writer: FrameWriter;
  /** The largest chunk both sides take, in bytes. */
  readonly maxChunk: number;
  /** Aborted when the client has cancelled or gone. */
  readonly signal: AbortSignal;
}

/** The File message that describes a file. */
export function fileMessage(tag: number, file: FileRecord): MessageOf<"File"> {
  return { ...file, type: "File", tag };
}

/** The condition in a request. Throws `invalid`. */
export function conditionOf(request: { condition: number; ifVersion: number }): Condition {
  const kind = CONDITIONS[request.condition];
  if (!kind) throw new MorselError("invalid", `There is no condition ${request.condition}`);
  return kind === "version" ? { kind, version: request.ifVersion } : { kind };
}
