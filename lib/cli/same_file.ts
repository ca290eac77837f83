// Whether a local file and one on the server are the same, told without moving their bytes.

import type { FileInfo } from "../client/types.ts";

/** What is known of a local file without reading it. */
export interface LocalFacts {
  /** In bytes. */
  readonly size: number;
  readonly modifiedMs: number;
}

/** Whether they are the same; "by digest" when only the digest of the local one can tell. */
export function sameFile(
  local: LocalFacts,
  remote: FileInfo,
  { byDigest }: { byDigest: boolean },
): "yes" | "no" | "by digest" {
  if (local.size !== remote.size) return "no";
  // Without a time, as of what came from a pipe, size alone would say too much.
  if (byDigest || remote.modifiedMs === 0) return "by digest";
  return local.modifiedMs === remote.modifiedMs ? "yes" : "no";
}
