// The rules for names (PROTOCOL.md 2.5). A name is data: it lives in the catalog and never becomes a path
// on the server, so `../../etc/passwd` is a name like any other.

import { MorselError } from "./errors.ts";

/** The most bytes a name may have as UTF-8. */
export const MAX_NAME_SIZE = 1024;

const utf8 = new TextEncoder();

/** A name that has passed the rules, with the key under which it is found. */
export interface CheckedName {
  /** The name exactly as it was given. */
  readonly name: string;
  /** UTF-8 of the NFC form: equal keys are the same file, and keys sort the listing. */
  readonly key: Uint8Array;
}

/** Checks a name of a file. Throws `invalid`, or `limit` when it is too long. */
export function checkName(name: string): CheckedName {
  if (name === "") throw new MorselError("invalid", "A name cannot be empty");
  if (name.endsWith("/")) {
    throw new MorselError(
      "invalid",
      `The name ${quote(name)} ends with "/", as no file's name may`,
    );
  }
  return { name, key: checkPrefix(name) };
}

/** Checks the beginning of names, which may be empty or end anywhere, and returns its key. */
export function checkPrefix(prefix: string): Uint8Array {
  if (!prefix.isWellFormed()) {
    throw new MorselError("invalid", `The name ${quote(prefix)} is not valid Unicode`);
  }
  const bytes = utf8.encode(prefix);
  const size = bytes.length;
  if (size > MAX_NAME_SIZE) {
    throw new MorselError("limit", `A name of ${size} bytes is over the ${MAX_NAME_SIZE} allowed`, {
      detail: { limit: "name", value: String(MAX_NAME_SIZE) },
    });
  }
  // C0, DEL and C1: they would garble terminals, logs and listings of one name a line.
  // deno-lint-ignore no-control-regex
  const control = /[\u0000-\u001f\u007f-\u009f]/.exec(prefix);
  if (control) {
    const point = control[0].codePointAt(0)!.toString(16).padStart(4, "0");
    throw new MorselError(
      "invalid",
      `The name ${quote(prefix)} has the control character U+${point}`,
    );
  }
  const normal = prefix.normalize("NFC");
  return normal === prefix ? bytes : utf8.encode(normal);
}

/** A name for a message: in double quotes, with control characters escaped, and cut when it is long. */
export function quote(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 77)}…` : name;
  return JSON.stringify(shown.toWellFormed()).replace(
    // With the marks that turn the direction of writing.
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Negative, 0 or positive, as `a` comes before, with or after `b` in the order of their bytes in UTF-8, which
 * is not that of their UTF-16 units.
 */
export function compareBytes(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** Two surrogates stand for a point beyond all that one unit can say. */
function rank(unit: number): number {
  return (unit & 0xf800) === 0xd800 ? unit + 0x1_0000 : unit;
}
