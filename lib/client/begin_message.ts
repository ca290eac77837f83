// What a client says when it begins an upload (PROTOCOL.md 4.5).

import { type MessageOf, UNKNOWN_SIZE } from "../protocol/messages.ts";
import { conditionFields } from "./condition_fields.ts";
import type { Untagged } from "./pending_call.ts";
import type { PutOptions } from "./types.ts";

/** The Begin of an upload of `size` bytes, undefined when that is not known. */
export function beginMessage(
  name: string,
  options: PutOptions,
  { size, mayResume }: { size: number | undefined; mayResume: boolean },
): Untagged<MessageOf<"Begin">> {
  const { metadata = {} } = options;
  return {
    type: "Begin",
    declaredSize: size ?? UNKNOWN_SIZE,
    resume: Number(mayResume),
    ...conditionFields(options),
    modifiedMs: modifiedOf(options),
    metadata,
    name,
  };
}

/** File systems tell fractions of milliseconds, and times before 1970; the wire has neither. */
export function modifiedOf({ modifiedMs = 0 }: PutOptions): number {
  return Math.max(0, Math.floor(modifiedMs));
}
