// What is done when a store is opened, after a clean stop as after a crash: nothing stays that no row
// names, and every row of an upload has its blob.

import type { Blobs } from "./blobs.ts";
import type { Catalog } from "./catalog.ts";
import { HeldBlobs } from "./held_blobs.ts";
import { forget } from "./stored_upload.ts";

/** What a recovery found, for a line in the log. */
export interface Recovery {
  /** Unfinished uploads that are kept. */
  readonly uploads: number;
  /** Uploads that were dropped, as their bytes are not there. */
  readonly droppedUploads: number;
  /** Blobs that were removed, as nothing needs them. */
  readonly removedBlobs: number;
}

/** Brings blobs and catalog together again. Nobody else may use them meanwhile. Throws `storage`. */
export async function recover(
  parts: { readonly catalog: Catalog; readonly blobs: Blobs },
): Promise<Recovery> {
  const garbage = await parts.catalog.garbage();
  await new HeldBlobs(parts).removeGarbage(garbage);
  const orphans = await removeOrphans(parts);
  const { kept, dropped } = await checkUploads(parts);
  return {
    uploads: kept,
    droppedUploads: dropped,
    removedBlobs: garbage.length + orphans,
  };
}

/**
 * Unfinished blobs without a row: an abort brought back by a crash, or what a copy of the folder has from
 * before a commit. The blob that was published by it is a file's.
 */
async function removeOrphans({ catalog, blobs }: { catalog: Catalog; blobs: Blobs }) {
  const unfinished = await blobs.unfinished();
  const named = new Set((await catalog.uploads()).map((upload) => upload.id));
  const orphans = unfinished.filter((id) => !named.has(id));
  for (const id of orphans) await blobs.removeUnfinished(id);
  return orphans.length;
}

/**
 * Rows without an unfinished blob. One that is published was on its way to its commit: it is taken
 * back, so that its client may resume and commit instead of sending everything again. Where there is
 * none at all, the crash came between row and blob, and nothing is lost with the row.
 */
async function checkUploads({ catalog, blobs }: { catalog: Catalog; blobs: Blobs }) {
  const held = new HeldBlobs({ catalog, blobs });
  const unfinished = new Set(await blobs.unfinished());
  let kept = 0;
  let dropped = 0;
  for (const upload of await catalog.uploads()) {
    if (unfinished.has(upload.id) || await blobs.withdraw(upload.id)) {
      kept++;
    } else {
      // An engine that cannot withdraw may still have it.
      await forget({ catalog, held }, upload);
      dropped++;
    }
  }
  return { kept, dropped };
}
