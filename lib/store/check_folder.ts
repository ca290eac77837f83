// Checks a data folder that no server has open.

import { MorselError } from "../base/errors.ts";
import type { CheckProgress } from "./check.ts";
import type { Damage } from "./damage.ts";
import { type DataFolderParts, openDataFolder } from "./data_folder.ts";
import { storageError } from "./storage_error.ts";

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
  // A mistyped path is not to become a new, empty store that is found to be whole.
  if (!await isThere(`${path}/catalog.db`, parts)) {
    throw new MorselError("not_found", `There is no data folder ${path}; name it with --data`);
  }
  await using folder = await openDataFolder(path, parts);
  return await folder.store.check(options);
}

async function isThere(path: string, { files }: DataFolderParts): Promise<boolean> {
  try {
    return await files.stat(path) !== undefined;
  } catch (thrown) {
    throw storageError(thrown, `Cannot look for ${path}`);
  }
}
