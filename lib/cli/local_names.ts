// Which parts of a file's name on the server can be the name of a local file or folder, and which local names are
// our own. The server may send any name; this is where one that would lead elsewhere is stopped.

import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { leafHash } from "../base/merkle.ts";
import { checkName } from "../base/names.ts";

/** Why the parts of `name` cannot be those of a local path; undefined when they can. */
export function whyNotLocal(name: string, windows: boolean): string | undefined {
  try {
    checkName(name);
  } catch (error) {
    if (error instanceof MorselError) return "no server may give a file that name";
    throw error;
  }
  for (const part of name.split("/")) {
    const reason = whyNotPart(part, windows);
    if (reason) return reason;
  }
  return undefined;
}

function whyNotPart(part: string, windows: boolean): string | undefined {
  if (part === "") return "a part of it is empty";
  if (part === "." || part === "..") return `a part of it is "${part}"`;
  if (isPartialName(part)) return "morsel keeps such names for files that are arriving";
  if (!windows) return undefined;
  if (WINDOWS_CHARACTERS.test(part)) return "Windows allows no such character in a file name";
  if (/[. ]$/.test(part)) return "Windows allows no dot or space at the end of a file name";
  return WINDOWS_DEVICES.test(part) ? "Windows keeps that name for a device" : undefined;
}

// The colon and the backslash, which lead to other drives, streams and folders, are among them.
const WINDOWS_CHARACTERS = /[<>:"|?*\\]/;
const WINDOWS_DEVICES =
  /^(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i;

/**
 * The name, beside `name`, of what arrives. The digits, 16 or more, are those of the content's digest where a later run is
 * to find it.
 */
export function partialName(name: string, digits: string): string {
  return `.${shortened(name)}.${digits.slice(0, 16)}.morsel-part`;
}

const RUN = toHex(crypto.getRandomValues(new Uint8Array(4)));
let names = 0;

/** The digits of a name that no other run has: two at once would put each other's half files in place. */
export function ownDigits(): string {
  return RUN + (names++).toString(16).padStart(8, "0");
}

/** A file name may have 255 bytes, and a partial one is longer than the target's. */
const MOST_CHARACTERS = 40;

/** Cut where it is long, with a hash in place of the rest: files of equal content may differ only there. */
function shortened(name: string): string {
  const characters = [...name];
  if (characters.length <= MOST_CHARACTERS) return name;
  const hash = toHex(leafHash(new TextEncoder().encode(name))).slice(0, 8);
  return `${characters.slice(0, MOST_CHARACTERS - 9).join("")}~${hash}`;
}

/** Whether a file name is one of ours for what has not arrived yet: nothing to store, nothing to fetch. */
export function isPartialName(name: string): boolean {
  return /^\..*\.[0-9a-f]{16}\.morsel-part(-hashes)?$/s.test(name);
}
