// What `put` is to store: files and folders at the paths that a user named, and the names they get.

import { quote } from "../base/names.ts";
import type { FileStatus } from "../runtime/files.ts";
import type { HostProcess } from "../runtime/process.ts";
import { LocalFileError, UsageError } from "./failure.ts";
import { lastPart } from "./local_path.ts";

/** A local file and the name it is to have on the server. */
export interface SourceFile {
  readonly path: string;
  readonly name: string;
  /** In bytes, when it was looked at. */
  readonly size: number;
  readonly modifiedMs: number;
}

/** A local folder and the folder of names that it goes to; "" is that of all names. */
export interface SourceFolder {
  readonly path: string;
  readonly name: string;
}

/** What was found at the paths that a user named. */
export interface Sources {
  readonly files: SourceFile[];
  readonly folders: SourceFolder[];
  /** What could not be looked at. */
  readonly failed: { title: string; error: unknown }[];
}

/** Options of {@linkcode findSources}. */
export interface FindSourcesOptions {
  host: HostProcess;
  /** Whether folders are wanted. */
  isRecursive: boolean;
  /** The name of the file or folder; with a slash at its end what all names begin with. */
  as: string | undefined;
}

/** Looks at all `paths`. Throws a UsageError where it cannot be told what the user wants. */
export async function findSources(
  paths: readonly string[],
  { host, isRecursive, as }: FindSourcesOptions,
): Promise<Sources> {
  const sources: Sources = { files: [], folders: [], failed: [] };
  const isWhole = as !== undefined && !as.endsWith("/");
  if (isWhole && paths.length > 1) throw severalUnderOneName(as);
  for (const path of paths) {
    const last = lastPart(path, host.windows);
    const name = isWhole ? as : `${as ?? ""}${last}`;
    const status = await look(path, host, sources);
    if (status?.kind === "folder") {
      if (!isRecursive) {
        throw new UsageError(`${quote(path)} is a folder; add --recursive to store what is in it`);
      }
      sources.folders.push({ path, name: name.replace(/\/$/, "") });
    } else if (status?.kind === "file") {
      sources.files.push({ ...status, path, name });
    } else if (status) {
      throw new UsageError(
        `${quote(path)} is neither a file nor a folder; pipe it into put - --as NAME`,
      );
    }
  }
  refuseEqualNames(sources);
  return sources;
}

async function look(
  path: string,
  host: HostProcess,
  sources: Sources,
): Promise<FileStatus | undefined> {
  try {
    const status = await host.files.stat(path);
    if (status) return status;
    throw Object.assign(new Error("No such file or folder"), { code: "ENOENT" });
  } catch (error) {
    sources.failed.push({ title: path, error: new LocalFileError("read", path, error) });
    return undefined;
  }
}

function severalUnderOneName(as: string): UsageError {
  return new UsageError(
    `Several files cannot all be named ${quote(as)}; end it with a slash: --as ${quote(`${as}/`)}`,
  );
}

/** Two sources must not meet under one name, nor one within the folder of another. */
function refuseEqualNames({ files, folders }: Sources): void {
  const taken = new Map<string, string>();
  for (const { name, path } of [...folders, ...files]) {
    const other = taken.get(name);
    if (other !== undefined) throw sameName(other, path, name);
    taken.set(name, path);
  }
  const folderPaths = new Map(folders.map(({ name, path }) => [name, path]));
  if (folderPaths.size === 0) return;
  for (const [name, path] of taken) {
    for (const above of foldersAbove(name)) {
      const other = folderPaths.get(above);
      if (other !== undefined) throw sameName(other, path, name);
    }
  }
}

function foldersAbove(name: string): string[] {
  const parts = name.split("/");
  return name === "" ? [] : parts.map((_, count) => parts.slice(0, count).join("/"));
}

function sameName(a: string, b: string, name: string): UsageError {
  return new UsageError(
    `Both ${quote(a)} and ${quote(b)} would be named ${quote(name)}; put them one by one`,
  );
}
