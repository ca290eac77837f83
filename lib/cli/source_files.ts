// The local files that `put` is to store, and the names they get. Folders are walked in sorted order; a
// symbolic link is followed only to something in the same folder, never out of it and never in circles.

import { quote } from "../base/names.ts";
import type { FileStatus } from "../runtime/files.ts";
import type { HostProcess } from "../runtime/process.ts";
import { LocalFileError, locally, UsageError } from "./failure.ts";
import { isInside, joinPath, lastPart } from "./local_path.ts";

/** A local file and the name it is to have on the server. */
export interface SourceFile {
  readonly path: string;
  readonly name: string;
  /** In bytes, when it was looked at. */
  readonly size: number;
  readonly modifiedMs: number;
}

/** What was found at the paths that a user named. */
export interface Sources {
  readonly files: SourceFile[];
  /** What could not be looked at. */
  readonly failed: { title: string; error: unknown }[];
  /** What is not to be stored, and why. */
  readonly skipped: { path: string; reason: string }[];
}

/** Options of {@linkcode findSources}. */
export interface FindSourcesOptions {
  host: HostProcess;
  /** Whether folders are wanted. */
  recursive: boolean;
  /** The name of the file, or with a slash at its end what all names begin with. */
  as: string | undefined;
  signal: AbortSignal;
}

/** Finds all files at `paths`. Throws a UsageError where it cannot be told what the user wants. */
export async function findSources(
  paths: readonly string[],
  options: FindSourcesOptions,
): Promise<Sources> {
  const { host, as } = options;
  const sources: Sources = { files: [], failed: [], skipped: [] };
  const prefix = as?.endsWith("/") ? as : "";
  if (as && !prefix && paths.length > 1) throw severalUnderOneName(as);
  for (const path of paths) {
    const last = lastPart(path, host.windows);
    const status = await look(path, options, sources);
    if (status?.kind === "folder") {
      if (!options.recursive) {
        throw new UsageError(`${quote(path)} is a folder; add --recursive to store what is in it`);
      }
      if (as && !prefix) throw severalUnderOneName(as);
      const root = await locally("read", path, () => host.realPath(path));
      const under = last === "" ? prefix : `${prefix}${last}/`;
      await walk({ path, under, above: [root] }, options, sources);
    } else if (status?.kind === "file") {
      sources.files.push({ ...status, path, name: as && !prefix ? as : prefix + last });
    } else if (status) {
      throw new UsageError(
        `${quote(path)} is neither a file nor a folder; pipe it into put - --as NAME`,
      );
    }
  }
  refuseEqualNames(sources.files);
  return sources;
}

interface Folder {
  readonly path: string;
  /** What the names of its files begin with. */
  readonly under: string;
  /** Where it and the folders above it really are, the one that the user named first. */
  readonly above: readonly string[];
}

async function walk(
  folder: Folder,
  options: FindSourcesOptions,
  sources: Sources,
): Promise<void> {
  const { host, signal } = options;
  let names: string[];
  try {
    names = await host.files.list(folder.path);
  } catch (error) {
    const title = folder.path;
    sources.failed.push({ title, error: new LocalFileError("read", folder.path, error) });
    return;
  }
  for (const name of names.sort()) {
    signal.throwIfAborted();
    const path = joinPath(folder.path, name);
    const real = await host.realPath(path).catch(() => undefined);
    const reason = whyNotFollowed(real, folder.above);
    const status = reason ? undefined : await look(path, options, sources);
    if (reason) sources.skipped.push({ path, reason });
    else if (status?.kind === "file") {
      sources.files.push({ ...status, path, name: folder.under + name });
    } else if (status?.kind === "folder") {
      const under = `${folder.under}${name}/`;
      await walk({ path, under, above: [...folder.above, real!] }, options, sources);
    } else if (status) sources.skipped.push({ path, reason: "it is neither a file nor a folder" });
  }
}

function whyNotFollowed(real: string | undefined, above: readonly string[]): string | undefined {
  if (real === undefined) return "it is a link that leads nowhere, or cannot be followed";
  if (!isInside(real, above[0]!)) return "it is a link out of the folder";
  return above.includes(real) ? "it is a link to a folder that it is in" : undefined;
}

async function look(
  path: string,
  options: FindSourcesOptions,
  sources: Sources,
): Promise<FileStatus | undefined> {
  try {
    const status = await options.host.files.stat(path);
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

function refuseEqualNames(files: readonly SourceFile[]): void {
  const paths = new Map<string, string>();
  for (const { name, path } of files) {
    const other = paths.get(name);
    if (other !== undefined) {
      throw new UsageError(
        `Both ${quote(other)} and ${quote(path)} would be named ${
          quote(name)
        }; put them one by one`,
      );
    }
    paths.set(name, path);
  }
}
