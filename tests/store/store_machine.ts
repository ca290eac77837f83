// A machine for the tests of a store: a disk and a catalog that outlive whoever uses them.

import { FolderBlobs } from "../../lib/store/folder_blobs.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { VolatileDisk } from "../support/volatile_disk.ts";
import { VolatileFiles } from "../support/volatile_files.ts";
import type { Engines } from "./store_invariants.ts";

/** The folder of the blobs, which is there from the beginning. */
export const DATA_FOLDER = "/data";

/** What outlives a process, and the power. */
export interface Machine {
  readonly disk: VolatileDisk;
  readonly catalog: MemoryCatalog;
  readonly newId: () => string;
}

/** A new machine with an empty data folder; its ids are always the same. */
export async function newMachine(clock: FakeClock): Promise<Machine> {
  const disk = new VolatileDisk();
  const files = new VolatileFiles(disk);
  await files.makeFolder(DATA_FOLDER);
  await files.syncFolder("/");
  let ids = 0;
  // Beginnings that differ, as those of random ids do.
  const newId = () => (++ids * 37 % 256).toString(16).padStart(2, "0") + `${ids}`.padStart(30, "0");
  return { disk, catalog: new MemoryCatalog(clock), newId };
}

/** The engines of a machine on which nothing fails. */
export async function enginesOf({ disk, catalog, newId }: Machine): Promise<Engines> {
  return { catalog, newId, blobs: await FolderBlobs.open(DATA_FOLDER, new VolatileFiles(disk)) };
}
