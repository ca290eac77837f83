// The one border where failures of files and of SQLite become Morsel's own errors.

import { MorselError } from "../base/errors.ts";

// SQLITE_FULL; the low byte of a result code is its kind (sqlite.org/rescode.html).
const SQLITE_FULL = 13;
const FULL_CODES = new Set(["ENOSPC", "EDQUOT"]);

/**
 * What a failed storage call is to its caller: `no_space` when the storage is full, else `storage`.
 * `doing` begins the sentence: "Cannot write to the catalog". A MorselError stays as it is.
 */
export function storageError(thrown: unknown, doing: string): MorselError {
  if (thrown instanceof MorselError) return thrown;
  const { code, errcode } = (thrown ?? {}) as { code?: unknown; errcode?: unknown };
  const full = FULL_CODES.has(code as string) ||
    (typeof errcode === "number" && (errcode & 0xff) === SQLITE_FULL);
  if (full) {
    return new MorselError("no_space", `${doing} as the storage is full`, { cause: thrown });
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new MorselError("storage", `${doing}: ${reason}`, { cause: thrown });
}
