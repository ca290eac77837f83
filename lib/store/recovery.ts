// What is done when a store is opened, after a clean stop as after a crash: nothing stays that no row
// names, and every row of an upload has its blob.

import type { Clock } from "../base/clock.ts";
import type { Blobs } from "./blobs.ts";
import type { Catalog } from "./catalog.ts";
import { HeldBlobs } from "./held_blobs.ts";
import { forget } from "./stored_upload.ts";
import { eachUpload } from "./upload_pages.ts";

/** What a recovery found, for a line in the log. */
export interface Recovery {
  /** Unfinished uploads that are kept. */
  readonly uploads: number;
  /** Uploads that were dropped, as their bytes are not there. */
  readonly droppedUploads: number;
  /** Blobs that were removed, as nothing needs them. */
  readonly removedBlobs: number;
}

/** What is recovered. */
export interface RecoveryParts {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly clock: Clock;
}

/** Brings blobs and catalog together again. Nobody else may use them meanwhile. Throws `storage`. */
export async function recover(parts: RecoveryParts): Promise<Recovery> {
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
async function removeOrphans(parts: RecoveryParts) {
  const orphans = new Set(await parts.blobs.unfinished());
  for await (const { id } of eachUpload(parts)) orphans.delete(id);
  for (const id of orphans) await parts.blobs.removeUnfinished(id);
  return orphans.size;
}

/**
 * Rows without an unfinished blob. One that is published was on its way to its commit: it is taken
 * back, so that its client may resume and commit instead of sending everything again. Where there is
 * none at all, the crash came between row and blob, and nothing is lost with the row.
 */
async function checkUploads(parts: RecoveryParts) {
  const { catalog, blobs } = parts;
  const held = new HeldBlobs(parts);
  const unfinished = new Set(await blobs.unfinished());
  let kept = 0;
  let dropped = 0;
  for await (const upload of eachUpload(parts)) {
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
