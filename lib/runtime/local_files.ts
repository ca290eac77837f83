// The file system for programs with many small files: as few calls for each as it takes, and blocking ones while they
// are quick. The calls are the runtime's, and so is everything else.

import type { Clock } from "../base/clock.ts";
import type { Files, FolderEntry, LocalFiles, LocalStatus, Placement, WholeFile } from "./files.ts";
import { unlessMissing } from "./missing.ts";
import { QuickCalls } from "./quick_calls.ts";

/** What a runtime calls for small files; all of it throws the system's errors. */
export interface SmallFileCalls {
  /** What is at a path, which may be a link; undefined, or the system's error, when nothing is. */
  look(path: string): LocalStatus | undefined;
  /** As `LocalFiles.entries`. */
  entries(path: string): FolderEntry[];
  /** As `LocalFiles.readWhole`. */
  readWhole(path: string, most: number): WholeFile;
  /** As `LocalFiles.place`; one that blocks is never asked to sync. */
  place(file: WholeFile, placement: Placement): void;
}

/** The same without blocking. */
export type PatientCalls = {
  [Name in keyof SmallFileCalls]: (
    ...given: Parameters<SmallFileCalls[Name]>
  ) => Promise<ReturnType<SmallFileCalls[Name]>>;
};

/** Both ways that a runtime has for small files. */
export interface SmallFiles {
  readonly blocking: SmallFileCalls;
  readonly patient: PatientCalls;
  /** As `LocalFiles.removeFolder`. */
  removeFolder(path: string): Promise<void>;
}

/** The file system of a runtime, by its calls for small files and those for all others. The clock tells which are quick. */
export function localFiles(
  clock: Pick<Clock, "monotonicMs">,
  { files, small }: { files: Files; small: SmallFiles },
): LocalFiles {
  const { blocking, patient } = small;
  const [looks, lists, reads] = [1, 2, 4].map((calls) => new QuickCalls(clock, { calls }));
  // Many at once in one folder wait for its lock, and burn time while they do: they had better be slow in a row.
  const writes = new QuickCalls(clock, { calls: 8 });
  return {
    ...files,
    look: (path) => unlessMissing(looks!.make(() => blocking.look(path), () => patient.look(path))),
    entries: (path) => lists!.make(() => blocking.entries(path), () => patient.entries(path)),
    readWhole: (path, most) =>
      reads!.make(() => blocking.readWhole(path, most), () => patient.readWhole(path, most)),
    place: (file, placement) =>
      // To wait for stable storage is slow by its nature.
      placement.sync ? patient.place(file, placement) : writes.make(
        () => blocking.place(file, placement),
        () => patient.place(file, placement),
      ),
    removeFolder: small.removeFolder,
  };
}
