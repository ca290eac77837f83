// That a data folder is there, for what is to be done with one and must not make it.

import { MorselError } from "../base/errors.ts";
import type { Files } from "../runtime/files.ts";
import { storageError } from "./storage_error.ts";

interface FolderFiles {
  readonly files: Pick<Files, "stat">;
}

/**
 * Throws `not_found` where a folder has none of these files: a mistyped path is not to become a new, empty store in
 * which all is well.
 */
export async function insistOnDataFolder(
  path: string,
  names: readonly string[],
  parts: FolderFiles,
): Promise<void> {
  for (const name of names) if (await isThere(`${path}/${name}`, parts)) return;
  throw new MorselError("not_found", `There is no data folder ${path}; name it with --data`);
}

async function isThere(path: string, { files }: FolderFiles): Promise<boolean> {
  try {
    return await files.stat(path) !== undefined;
  } catch (thrown) {
    throw storageError(thrown, `Cannot look for ${path}`);
  }
}
