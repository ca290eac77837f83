// A file system that tells how long its syncs took: what an operator looks at first when commits are slow.

import type { Clock } from "../base/clock.ts";
import type { MeasuredFiles, OpenFile } from "../runtime/files.ts";

/** The same files; `onSync` is called with the milliseconds of each sync that succeeded. */
export function timedSyncs(
  files: MeasuredFiles,
  clock: Pick<Clock, "monotonicMs">,
  onSync: (ms: number) => void,
): MeasuredFiles {
  const timed = async (sync: Promise<void>) => {
    const begunMs = clock.monotonicMs();
    await sync;
    onSync(clock.monotonicMs() - begunMs);
  };
  return {
    ...files,
    syncFolder: (path) => timed(files.syncFolder(path)),
    open: async (path, mode) => {
      const file = await files.open(path, mode);
      return mode === "read" ? file : withSync(file, () => timed(file.sync()));
    },
  };
}

function withSync(file: OpenFile, sync: () => Promise<void>): OpenFile {
  return {
    read: (into, position) => file.read(into, position),
    write: (bytes, position) => file.write(bytes, position),
    sync,
    truncate: (size) => file.truncate(size),
    size: () => file.size(),
    isInPlace: () => file.isInPlace(),
    close: () => file.close(),
  };
}
