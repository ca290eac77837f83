// Removes the blobs that a change left without a need.

import type { Blobs } from "./blobs.ts";
import type { Catalog } from "./catalog.ts";

/**
 * Removes these blobs and then forgets them, in that order, so that a crash between the two only makes
 * it happen again. Never fails: what could not be removed stays in the catalog's list for the next start.
 */
export async function removeGarbage(
  { catalog, blobs }: { readonly catalog: Catalog; readonly blobs: Blobs },
  ids: readonly string[],
): Promise<void> {
  const removed: string[] = [];
  for (const id of ids) {
    try {
      await blobs.remove(id);
      removed.push(id);
    } catch {
      // The change itself is done and durable; its caller must not hear of this as a failure of it.
    }
  }
  try {
    if (removed.length > 0) await catalog.forgetGarbage(removed);
  } catch {
    // As above: they are removed once more, without harm.
  }
}
