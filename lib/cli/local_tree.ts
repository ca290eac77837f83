// What is in a folder and the folders in it, one after the other, in the order in which a server lists the same
// names. No more is held in memory than the entries of the folders on the way. Links are not followed.

import { compareBytes, quote } from "../base/names.ts";
import type { FolderEntry, LocalFiles, LocalStatus } from "../runtime/files.ts";
import { LocalFileError, RefusedNameError, systemCode } from "./failure.ts";
import { isPartialName } from "./local_names.ts";
import { joinPath } from "./local_path.ts";
import type { PathFilter } from "./path_filter.ts";

/** What is found in a tree. */
export type TreeEntry = TreeFile | TreeOther;

/** A file, as it was when it was looked at. */
export interface TreeFile extends TreePlace {
  readonly kind: "file";
  /** In bytes. */
  readonly size: number;
  readonly modifiedMs: number;
}

/** What is no file, or cannot be told. */
export type TreeOther =
  | TreePlace & { readonly kind: "left out"; readonly reason: string }
  | TreePlace & { readonly kind: "failed"; readonly error: unknown };

interface TreePlace {
  /** Relative to the root, with slashes between the parts. */
  readonly name: string;
  readonly path: string;
  /** What it is sorted and found by. */
  readonly key: string;
}

/** Options of {@linkcode walkTree}. */
export interface WalkOptions {
  readonly files: LocalFiles;
  readonly filter: PathFilter;
  readonly signal: AbortSignal;
}

/** How many entries are looked at together. */
const LOOKS_AT_ONCE = 32;

/** Walks the folder `root`, which may be a link to one. What cannot be read is told and passed over. */
export async function* walkTree(root: string, options: WalkOptions): AsyncGenerator<TreeEntry> {
  const { files, signal } = options;
  const open: OpenFolder[] = [];
  const first = { name: "", path: root, key: "" };
  for (let next: TreePlace | undefined = first; next || open.length > 0;) {
    signal.throwIfAborted();
    if (next) {
      const entries = await readFolder(next, options);
      if (Array.isArray(entries)) open.push({ entries, done: 0 });
      else yield entries;
      next = undefined;
      continue;
    }
    const folder = open.at(-1)!;
    const batch = folder.entries.slice(folder.done, folder.done + LOOKS_AT_ONCE);
    const count = batch.findIndex(({ kind }) => kind === "folder");
    if (count === 0) {
      next = batch[0];
      folder.done++;
      continue;
    }
    const others = count === -1 ? batch : batch.slice(0, count);
    if (others.length === 0) open.pop();
    folder.done += others.length;
    yield* await Promise.all(others.map((place) => entryAt(place, files)));
  }
}

interface OpenFolder {
  readonly entries: readonly SortedEntry[];
  done: number;
}

interface SortedEntry extends TreePlace {
  readonly kind: FolderEntry["kind"] | "twin";
}

/** What is in a folder, sorted; or why that cannot be told. */
async function readFolder(
  { name, path, key }: TreePlace,
  { files, filter }: WalkOptions,
): Promise<SortedEntry[] | TreeOther> {
  let found: FolderEntry[];
  try {
    found = await files.entries(path);
  } catch (error) {
    if (name !== "" && systemCode(error) === "ENOENT") return missing({ name, path, key });
    return { kind: "failed", name, path, key, error: new LocalFileError("read", path, error) };
  }
  const under = name === "" ? "" : `${name}/`;
  const entries = found.map(({ name, kind }): SortedEntry => {
    const whole = under + name;
    // As a server sorts: what is in a folder goes by the folder's name and a slash.
    const key = (kind === "folder" ? `${whole}/` : whole).normalize("NFC");
    return { name: whole, path: joinPath(path, name), key, kind };
  }).filter(({ name, kind }) =>
    kind === "folder" ? filter.wantsFolder(`${name}/`) : filter.wants(name) && !isPartial(name)
  );
  entries.sort((a, b) => compareBytes(a.key, b.key));
  return entries.map((entry, index) =>
    index > 0 && entries[index - 1]!.key === entry.key ? { ...entry, kind: "twin" } : entry
  );
}

function isPartial(name: string): boolean {
  return isPartialName(name.slice(name.lastIndexOf("/") + 1));
}

async function entryAt(entry: SortedEntry, files: LocalFiles): Promise<TreeEntry> {
  const { name, path, key } = entry;
  const place = { name, path, key };
  switch (entry.kind) {
    case "twin":
      return unnameable(place, "the server takes its name for that of its neighbour");
    case "file":
      return await fileAt(place, files);
    default:
      return leftOut(place, entry.kind);
  }
}

async function fileAt(place: TreePlace, files: LocalFiles): Promise<TreeEntry> {
  try {
    const status = await files.look(place.path);
    if (!status) return missing(place);
    if (status.kind !== "file") return leftOut(place, status.kind);
    const { size, modifiedMs } = status;
    return { kind: "file", ...place, size, modifiedMs };
  } catch (error) {
    return { kind: "failed", ...place, error: new LocalFileError("read", place.path, error) };
  }
}

/** What was listed and is not there: removed meanwhile, or never to be found by what can be shown of its name. */
function missing(place: TreePlace): TreeOther {
  if (place.name.includes(REPLACEMENT)) return unnameable(place, "its name is not valid Unicode");
  return { kind: "left out", ...place, reason: "it is gone" };
}

/** What stands in a name for bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

function unnameable(place: TreePlace, reason: string): TreeOther {
  const message = `${quote(place.path)} can have no name on the server as ${reason}; rename it`;
  return { kind: "failed", ...place, error: new RefusedNameError(message) };
}

function leftOut(place: TreePlace, kind: LocalStatus["kind"]): TreeOther {
  const reason = kind === "link" ? "it is a link" : "it is neither a file nor a folder";
  return { kind: "left out", ...place, reason };
}
