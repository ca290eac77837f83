// The data folder of one server: `owner.db` says who has it, `catalog.db` and the blobs are the store.

import type { Clock } from "../base/clock.ts";
import { asMorselError, MorselError } from "../base/errors.ts";
import type { Files, MeasuredFiles } from "../runtime/files.ts";
import type { OpenSql, SqlDatabase } from "../runtime/sql.ts";
import { FileStore, type Recovery } from "./file_store.ts";
import { DiskSpace } from "./disk_space.ts";
import type { Catalog } from "./catalog.ts";
import { FolderBlobs } from "./folder_blobs.ts";
import { HeldBlobs } from "./held_blobs.ts";
import type { Quota } from "./quota.ts";
import { SqliteCatalog } from "./sqlite_catalog.ts";
import { storageError } from "./storage_error.ts";

// The low byte of SQLite's result codes that mean "somebody else has the lock" (sqlite.org/rescode.html).
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** What a {@linkcode DataFolder} stands on. */
export interface DataFolderParts {
  readonly files: MeasuredFiles;
  readonly openSql: OpenSql;
  readonly clock: Clock;
  /** Makes an id of 32 hexadecimal digits that cannot be guessed and was never given before. */
  readonly newId: () => string;
  /** What all files together may have. */
  readonly quota?: Quota | undefined;
  /** What of the disk stays free; without it all may be filled. */
  readonly reserve?: Reserve | undefined;
}

/** A part of the disk that stays free. */
export interface Reserve {
  readonly bytes: number;
  /**
   * Called once with why, when the disk is first looked at, where nobody can tell what is free, and nothing is kept;
   * without it that is an error, at once.
   */
  readonly onUnknown?: ((error: MorselError) => void) | undefined;
}

/** An open data folder; disposing it closes the store and lets the folder go. */
export interface DataFolder extends AsyncDisposable {
  readonly store: FileStore;
  readonly recovered: Recovery;
  /** For other processes that read the folder: who reads which blob, and where damage is marked. */
  readonly held: HeldBlobs;
  readonly catalog: Pick<Catalog, "markDamage">;
  /** Bytes of the disk that stay free; 0 where nothing is kept, or that is known by now to be impossible. */
  readonly reserveBytes: number;
  /** Looks how full the disk is, so that the first upload need not wait for that. */
  lookAtDisk(): Promise<void>;
}

/**
 * Opens the store in a folder, made if it is not there. Throws `busy` at once when another process has
 * it open, and `storage` or `no_space`.
 */
export async function openDataFolder(path: string, parts: DataFolderParts): Promise<DataFolder> {
  await makeFolder(path, parts.files);
  const owner = takeOwnership(path, parts.openSql);
  let catalog: SqliteCatalog | undefined;
  try {
    catalog = SqliteCatalog.open(`${path}/catalog.db`, parts);
    const blobs = await FolderBlobs.open(path, parts.files);
    const { clock, newId, quota } = parts;
    const space = await diskSpace(path, parts);
    const held = new HeldBlobs({ catalog, blobs });
    const { store, recovered } = await FileStore.open({
      catalog,
      blobs,
      clock,
      newId,
      quota,
      space,
      held,
    });
    return {
      store,
      recovered,
      held,
      catalog,
      get reserveBytes() {
        return space?.reserve ?? 0;
      },
      lookAtDisk: async () => await space?.look(),
      [Symbol.asyncDispose]: async () => {
        try {
          await store[Symbol.asyncDispose]();
        } finally {
          owner.close();
        }
      },
    };
  } catch (thrown) {
    await catalog?.[Symbol.asyncDispose]();
    owner.close();
    throw thrown;
  }
}

/** Undefined where nothing is to be kept free. Throws `storage` where it is, and cannot be, and nobody is to be told. */
async function diskSpace(
  path: string,
  { files, clock, reserve }: DataFolderParts,
): Promise<DiskSpace | undefined> {
  if (!reserve?.bytes) return undefined;
  const { bytes, onUnknown } = reserve;
  const space = new DiskSpace({
    clock,
    reserve: bytes,
    freeSpace: async () => {
      try {
        return await files.freeSpace(path);
      } catch (thrown) {
        throw storageError(thrown, "Cannot tell how much of the disk is free");
      }
    },
    onUnknown: onUnknown && ((reason) => {
      const { message } = asMorselError(reason, "storage");
      onUnknown(new MorselError("storage", `No space is kept free on the disk. ${message}`));
    }),
  });
  if (!onUnknown) await space.look();
  return space;
}

async function makeFolder(path: string, files: Files): Promise<void> {
  try {
    if ((await files.stat(path))?.kind === "folder") return;
    await files.makeFolder(path);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === "EEXIST") {
      throw new MorselError("storage", `${path} is a file; name a folder for the data`);
    }
    throw storageError(thrown, `Cannot make the data folder ${path}`);
  }
  try {
    await files.syncFolder(`${path}/..`);
  } catch {
    // The folder above may be closed to us; then the system writes the new entry when it likes, within
    // seconds. All that is inside the folder is synced by us.
  }
}

/**
 * Holds a lock of SQLite until the database is closed or the process ends, in whatever way: a file with a
 * process id in it would stay behind after `kill -9` and block the next start.
 */
function takeOwnership(path: string, openSql: OpenSql): SqlDatabase {
  let owner: SqlDatabase | undefined;
  try {
    owner = openSql(`${path}/owner.db`);
    // No waiting: an owner does not go within seconds.
    owner.prepare("PRAGMA busy_timeout = 0").get();
    owner.prepare("BEGIN EXCLUSIVE").run();
    return owner;
  } catch (thrown) {
    owner?.close();
    const { errcode } = thrown as { errcode?: unknown };
    const kind = typeof errcode === "number" ? errcode & 0xff : undefined;
    if (kind === SQLITE_BUSY || kind === SQLITE_LOCKED) {
      throw new MorselError(
        "busy",
        `The data folder ${path} is in use by another server; ` +
          `stop it or choose another with --data`,
        { cause: thrown },
      );
    }
    throw storageError(thrown, `Cannot take the data folder ${path}`);
  }
}
