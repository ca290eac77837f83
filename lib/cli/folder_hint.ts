// What to tell of a name that is no file's, but that of a folder.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./failure.ts";
import type { RemoteFiles } from "./remote_files.ts";

/** Does `work` with the file of a name. Throws a UsageError where the name turns out to be a folder's. */
export async function asFile<T>(
  { signal }: CommandContext,
  { client, name, to }: { client: RemoteFiles; name: string; to: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isNone = error instanceof MorselError && ["not_found", "invalid"].includes(error.code);
    const folder = name.replace(/\/+$/, "");
    if (!isNone || folder === "" || !await hasFiles(client, folder, signal)) throw error;
    throw new UsageError(`${quote(name)} is a folder; add --recursive to ${to} what is in it`);
  }
}

async function hasFiles(
  client: RemoteFiles,
  folder: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const _ of client.list({ prefix: `${folder}/`, pageSize: 1, signal })) return true;
  } catch {
    // Who may not list, or asked for what is no name at all, is told what went wrong first.
  }
  return false;
}
