// Checks a data folder that no server has open.

import type { CheckProgress } from "./check.ts";
import type { Damage } from "./damage.ts";
import { type DataFolderParts, openDataFolder } from "./data_folder.ts";
import { insistOnDataFolder } from "./insist_on_folder.ts";

/** What {@linkcode checkDataFolder} is told. */
export interface CheckFolderOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onDamage?: ((damage: Damage) => void) | undefined;
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
}

/**
 * Checks the store in a folder, as its only owner meanwhile; what a crash has left is set right before.
 * Throws `not_found` when there is no store, `busy` when a server has it open, and `storage`.
 */
export async function checkDataFolder(
  path: string,
  parts: DataFolderParts,
  options: CheckFolderOptions = {},
): Promise<CheckProgress> {
  await insistOnDataFolder(path, ["catalog.db"], parts);
  await using folder = await openDataFolder(path, parts);
  return await folder.store.check(options);
}
