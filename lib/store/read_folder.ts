// A data folder that another process has, for reading only: takes no lock, recovers nothing, writes nothing. Its
// owner says what changes, and asks before a blob goes (held_blobs.ts).

import type { MeasuredFiles } from "../runtime/files.ts";
import type { OpenSql } from "../runtime/sql.ts";
import type { Clock } from "../base/clock.ts";
import type { Catalog } from "./catalog.ts";
import { FileStore } from "./file_store.ts";
import { FolderBlobs } from "./folder_blobs.ts";
import { HeldBlobs } from "./held_blobs.ts";
import { ReadCatalog } from "./read_catalog.ts";

/** What of a {@linkcode FileStore} changes nothing. */
export type FilesToRead = Pick<
  FileStore,
  | "stat"
  | "openAtOnce"
  | "list"
  | "lastChange"
  | "changes"
  | "onChange"
  | "openVersion"
  | "uploads"
  | "nameOfUpload"
>;

/** What reading a folder needs. */
export interface ReadFolderParts {
  readonly files: MeasuredFiles;
  readonly openSql: OpenSql;
  readonly clock: Clock;
  /** Called once nobody here reads a blob any more that was to be let go. Must not throw. */
  readonly onLetGo: (id: string) => void;
  /** Told of damage that was found, for the owner to mark. Must not throw. */
  readonly onDamage: (content: Parameters<Catalog["markDamage"]>[0], damage?: string) => void;
}

/** A data folder that is open for reading. */
export interface ReadFolder extends AsyncDisposable {
  readonly files: FilesToRead;
  /** The owner has changed something: whoever watches looks. */
  changed(): void;
  /** Nothing names this blob any more: `onLetGo` is called once nobody reads it, perhaps before this returns. */
  letGo(id: string): void;
  /** The owner has found this wrong with a blob. */
  damage(id: string, damage: string | undefined): void;
}

/** Opens a folder whose owner is at work. Throws `storage`. */
export function readDataFolder(path: string, parts: ReadFolderParts): ReadFolder {
  const { files, openSql, clock, onLetGo, onDamage } = parts;
  const catalog = ReadCatalog.at(`${path}/catalog.db`, {
    openSql,
    clock,
    onDamage: async (content, damage) => onDamage(content, damage),
  });
  // A blob is only let go here: its owner removes it, and forgets it then.
  const held = new HeldBlobs({
    blobs: { remove: async (id) => onLetGo(id) },
    catalog: { forgetGarbage: async () => {} },
  });
  const newId = () => {
    throw new Error("Nothing is made in a folder of another process");
  };
  const blobs = FolderBlobs.read(path, files);
  return {
    files: FileStore.over({ catalog, blobs, clock, newId, held }),
    changed: () => void catalog.log.told(Promise.resolve()),
    letGo: (id) => void held.removeGarbage([id]),
    damage: (id, damage) => held.setDamage(id, damage),
    [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
  };
}
