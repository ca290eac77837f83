// What the answers to requests share: what they are given, and how a file and a condition look on the wire.

import { MorselError } from "../base/errors.ts";
import type { Principal } from "../base/principal.ts";
import type { Figures } from "../protocol/figures.ts";
import type { FrameWriter } from "../protocol/frame_writer.ts";
import { CONDITIONS, type Message, type MessageOf } from "../protocol/messages.ts";
import type { Condition, FileRecord } from "../store/catalog.ts";
import type { Turns } from "../store/turns.ts";
import type { ServedFiles } from "./guarded_files.ts";
import type { PinnedVersions } from "./pinned_versions.ts";
import type { Watches } from "./watches.ts";

/** Bytes of a listing that may wait to be written: a slow reader costs no more memory than this. */
export const WRITE_AHEAD = 256 * 1024;

/** What the answer to a request needs. */
export interface Exchange {
  /** The files as the principal sees them. */
  readonly store: ServedFiles;
  /** Who asks. */
  readonly principal: Principal;
  readonly pins: PinnedVersions;
  readonly watches: Watches;
  /** The listings of a session are made one after the other, as each holds a part of it in memory. */
  readonly listings: Turns;
  /** Its Stats are answered one after the other, so that others have their turn between two of them. */
  readonly stats: Turns;
  readonly writer: FrameWriter;
  /** The largest chunk both sides take, in bytes. */
  readonly maxChunk: number;
  /** What may be told of the server to this principal. */
  readonly figures: (principal: Principal) => Promise<Figures>;
  /** How many requests of the session were under way when this one came, itself among them. */
  readonly underWay: number;
  /** Aborted when the client has cancelled or gone. */
  readonly signal: AbortSignal;
  /** Aborted when the server is about to stop: what has no end of its own ends. */
  readonly drain: AbortSignal | undefined;
}

/** The File message that describes a file. */
export function fileMessage(tag: number, file: FileRecord): MessageOf<"File"> {
  return { ...file, type: "File", tag };
}

/** The file that a File message describes, which may be reused. */
export function fileOf(message: Message): FileRecord {
  if (message.type !== "File") throw new TypeError(`A ${message.type} describes no file`);
  const { name, version, size, digest, committedMs, modifiedMs, metadata } = message;
  return { name, version, size, digest: digest.slice(), committedMs, modifiedMs, metadata };
}

/** The fields of a request that carry a condition. */
export function conditionFields(
  condition: Condition,
): Pick<MessageOf<"Begin">, "condition" | "ifVersion"> {
  const ifVersion = condition.kind === "version" ? condition.version : 0;
  return { condition: CONDITIONS.indexOf(condition.kind), ifVersion };
}

/** The condition in a request. Throws `invalid`. */
export function conditionOf(request: { condition: number; ifVersion: number }): Condition {
  const kind = CONDITIONS[request.condition];
  if (!kind) throw new MorselError("invalid", `There is no condition ${request.condition}`);
  return kind === "version" ? { kind, version: request.ifVersion } : { kind };
}
