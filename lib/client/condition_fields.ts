// Conditions as the public API takes them and as requests carry them (PROTOCOL.md 2.6).

import { CONDITIONS } from "../protocol/messages.ts";
import type { ConditionOptions } from "./types.ts";

/** The fields that carry a condition. Throws a TypeError for two at once. */
export function conditionFields(
  { ifAbsent, ifVersion }: ConditionOptions,
): { condition: number; ifVersion: number } {
  if (ifAbsent && ifVersion !== undefined) {
    throw new TypeError("Cannot ask for ifAbsent and ifVersion at once");
  }
  const kind = ifAbsent ? "absent" : ifVersion !== undefined ? "version" : "any";
  return { condition: CONDITIONS.indexOf(kind), ifVersion: ifVersion ?? 0 };
}
