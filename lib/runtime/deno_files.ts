// The file system of Deno by its own calls, so that a start needs no node:fs, which takes 45 ms to be loaded. That is
// brought in for what Deno has no call for: reading and writing at positions, how full a disk is, and removing files only.

import { statusFrom } from "./deno_small_files.ts";
import type { MeasuredFiles } from "./files.ts";
import { unlessMissing } from "./missing.ts";
import { QuickCalls } from "./quick_calls.ts";
import { systemClock } from "./system_clock.ts";

/** The file system of the runtime. */
export const denoFiles: MeasuredFiles = {
  open: async (path, mode) => (await byNode()).open(path, mode),
  stat: async (path) => {
    const status = await unlessMissing(
      looks.make(() => Deno.statSync(path), () => Deno.stat(path)),
    );
    return status && statusFrom(status);
  },
  rename: (from, to) => Deno.rename(from, to),
  remove: async (path) => await (await byNode()).remove(path),
  makeFolder: (path) =>
    makes.make(
      () => Deno.mkdirSync(path, { recursive: true }),
      () => Deno.mkdir(path, { recursive: true }),
    ),
  syncFolder,
  list: (path) =>
    lists.make(
      () => Array.from(Deno.readDirSync(path), nameOf),
      () => Array.fromAsync(Deno.readDir(path), nameOf),
    ),
  freeSpace: async (path) => await (await byNode()).freeSpace(path),
  setModified: (path, modifiedMs) => {
    const modified = new Date(modifiedMs);
    return Deno.utime(path, modified, modified);
  },
};

// The first of Deno's calls that blocks nobody takes 3 ms, for the thread that makes it.
const looks = new QuickCalls(systemClock);
const makes = new QuickCalls(systemClock);
const lists = new QuickCalls(systemClock);

function nameOf({ name }: Deno.DirEntry): string {
  return name;
}

let loading: Promise<MeasuredFiles> | undefined;

function byNode(): Promise<MeasuredFiles> {
  return loading ??= load();
}

async function load(): Promise<MeasuredFiles> {
  const { nodeFilesWith } = await import("./node_files.ts");
  const { DenoWriter } = await import("./deno_writer.ts");
  return nodeFilesWith((path, handle) => new DenoWriter(path, handle));
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and its file systems keep a journal of their entries anyway.
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}
