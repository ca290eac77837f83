// What a name takes on the disk beside its content, which no quota counts: its entry in the catalog and that of the
// change in the log, or that of its unfinished upload.

import type { CheckedName } from "../base/names.ts";
import type { Catalog, Metadata } from "./catalog.ts";
import type { DiskSpace } from "./disk_space.ts";

/** Names of up to 1 KiB, each in two spellings and in two entries. */
const NAMES = 4 * 1024;

const utf8 = new TextEncoder();

/** Bytes that a name with this metadata takes at most. */
export function entryBytes(metadata: Metadata): number {
  return NAMES + 2 * utf8.encode(JSON.stringify(metadata)).length;
}

/** Counts what one more entry for this file takes. Throws `no_space`. */
export async function takeEntry(
  name: CheckedName,
  { catalog, space }: {
    readonly catalog: Pick<Catalog, "stat">;
    readonly space?: DiskSpace | undefined;
  },
): Promise<void> {
  const file = space && await catalog.stat(name);
  // One that is not there is told by whoever enters it.
  if (file) await space.take(entryBytes(file.metadata));
}
