// What a server has below a folder of names, one after the other. What it lists is held against what was asked, as
// everything that compares two listings rests on their order.

import { MorselError } from "../base/errors.ts";
import { compareBytes, quote } from "../base/names.ts";
import type { FileInfo } from "../client/types.ts";
import type { RemoteFiles } from "./remote_files.ts";

/** A file below a folder of names. */
export interface RemoteEntry {
  /** Relative to the folder. */
  readonly name: string;
  /** What it is sorted and found by. */
  readonly key: string;
  readonly file: FileInfo;
}

/** What all names in a folder begin with; the folder "" holds all names. */
export function prefixOf(folder: string): string {
  return folder === "" ? "" : `${folder}/`;
}

/** Lists the names in `folder`. Throws `protocol` when the server lists others, or out of their order. */
export async function* remoteTree(
  client: RemoteFiles,
  { folder, signal }: { folder: string; signal: AbortSignal },
): AsyncGenerator<RemoteEntry> {
  const prefix = prefixOf(folder);
  const prefixKey = prefix.normalize("NFC");
  let last = "";
  for await (const file of client.list({ prefix, signal })) {
    const key = file.name.normalize("NFC");
    if (!key.startsWith(prefixKey) || compareBytes(key, last) <= 0) {
      throw new MorselError("protocol", `The server listed ${quote(file.name)} out of place`);
    }
    last = key;
    yield { name: nameBelow(file.name, prefix), key: key.slice(prefixKey.length), file };
  }
}

/** Cut by its slashes, as the letters before them may be spelled otherwise than in the prefix. */
function nameBelow(name: string, prefix: string): string {
  if (name.startsWith(prefix)) return name.slice(prefix.length);
  const depth = prefix.split("/").length - 1;
  return name.split("/").slice(depth).join("/");
}
