// The queries of the SQLite catalog, prepared once, and the shape of its rows.

import type { CheckedName } from "../base/names.ts";
import { DIGEST_SIZE, merkleRoot } from "../base/merkle.ts";
import type { SqlDatabase, SqlRow, SqlStatement, SqlValue } from "../runtime/sql.ts";
import {
  type Change,
  type Condition,
  type FileRecord,
  LEAVES_PER_PART,
  type ListedUpload,
  type Metadata,
  type Place,
  type StoredContent,
  type StoredFile,
  type UploadRecord,
} from "./catalog.ts";

const FILE_COLUMNS =
  "f.name, f.version, c.size, c.digest, f.committed_ms, f.modified_ms, f.metadata";
const FILES = "file f JOIN content c ON c.id = f.content";
// All but the metadata. SQLite numbers a new row above all others, so that rows are in the order in which they began.
const LISTED_UPLOAD = `rowid AS number, id, key, name, needs_version, declared_size, modified_ms,
  epoch, durable, begun_ms, active_ms, owner`;

const QUERIES = {
  stat: `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.key = ?`,
  find: `SELECT ${FILE_COLUMNS}, c.blob, c.bytes, c.damage FROM ${FILES} WHERE f.key = ?`,
  // Both ends of the range are keys, so that a page costs the same wherever it begins.
  list:
    `SELECT ${FILE_COLUMNS} FROM ${FILES} WHERE f.key >= ? AND f.key < ? ORDER BY f.key LIMIT ?`,

  current: `SELECT f.version, f.content, f.owner, c.size FROM ${FILES} WHERE f.key = ?`,
  putFile: `INSERT OR REPLACE INTO file
    (key, name, version, content, committed_ms, modified_ms, metadata, owner)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  dropFile: "DELETE FROM file WHERE key = ?",

  contentOf: "SELECT id, blob, damage FROM content WHERE digest = ?",
  // No row where the digest is there already.
  addContent: `INSERT INTO content (digest, size, blob, bytes) VALUES (?, ?, ?, ?)
    ON CONFLICT (digest) DO NOTHING RETURNING id`,
  dropUnusedContent: `DELETE FROM content
    WHERE id = ? AND NOT EXISTS (SELECT 1 FROM file WHERE content = content.id) RETURNING blob`,

  replaceContent: "UPDATE content SET blob = ?, bytes = ?, damage = NULL WHERE id = ?",
  markDamage: "UPDATE content SET damage = ? WHERE digest = ? AND blob IS ?",
  contents: "SELECT * FROM content WHERE id > ? ORDER BY id LIMIT ?",
  namesOf: "SELECT name FROM file WHERE content = ? ORDER BY key",
  isNamed: `SELECT EXISTS (SELECT 1 FROM content WHERE blob = ?)
    OR EXISTS (SELECT 1 FROM upload WHERE id = ?)
    OR EXISTS (SELECT 1 FROM garbage WHERE blob = ?) AS named`,

  addUpload: `INSERT INTO upload
    (id, key, name, needs_version, declared_size, modified_ms, metadata, epoch, durable, begun_ms,
     active_ms, owner)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  attachUpload: "UPDATE upload SET epoch = epoch + 1, active_ms = ? WHERE id = ? RETURNING *",
  progressUpload: "UPDATE upload SET durable = ?, active_ms = ? WHERE id = ? AND epoch = ?",
  dropUpload: "DELETE FROM upload WHERE id = ? AND epoch = ?",
  upload: "SELECT * FROM upload WHERE id = ?",
  uploads: `SELECT ${LISTED_UPLOAD} FROM upload WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  uploadsTo: `SELECT ${LISTED_UPLOAD} FROM upload WHERE key = ? AND rowid < ?
    ORDER BY rowid DESC LIMIT ?`,

  putLeaves: "INSERT OR REPLACE INTO leaf (blob, part, hashes, root) VALUES (?, ?, ?, ?)",
  dropLeaves: "DELETE FROM leaf WHERE blob = ?",
  leaves: "SELECT hashes FROM leaf WHERE blob = ? AND part = ?",
  // Hashes only where there is no root, as reading them all would cost as much as the tree.
  partRoots: `SELECT root, CASE WHEN root IS NULL THEN hashes END AS hashes
    FROM leaf WHERE blob = ? AND length(hashes) = ${LEAVES_PER_PART * DIGEST_SIZE} ORDER BY part`,

  addChange: `INSERT INTO change (key, name, at_ms, size, digest, modified_ms, metadata)
    VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING sequence`,
  dropChanges: "DELETE FROM change WHERE sequence <= ?",
  dropOldestChange: "DELETE FROM change WHERE sequence = (SELECT MIN(sequence) FROM change)",
  changes: `SELECT * FROM change WHERE sequence > ? AND sequence <= ? AND key >= ? AND key < ?
    ORDER BY sequence LIMIT ?`,
  changeBounds: `SELECT (SELECT MIN(sequence) FROM change) AS oldest,
    (SELECT MAX(sequence) FROM change) AS last`,

  addUsage: `INSERT INTO usage (owner, files, bytes) VALUES (?, ?, ?)
    ON CONFLICT (owner) DO UPDATE SET files = files + excluded.files, bytes = bytes + excluded.bytes`,
  usageOf: "SELECT files, bytes FROM usage WHERE owner = ?",
  // One row for each owner, of whom there are few.
  usage: "SELECT COALESCE(SUM(files), 0) AS files, COALESCE(SUM(bytes), 0) AS bytes FROM usage",

  logged: "SELECT bytes FROM logged",
  stored: "SELECT contents, bytes FROM stored",
  uploadCounts: `SELECT COALESCE(SUM(uploads), 0) AS store,
    COALESCE(SUM(CASE WHEN owner = ? THEN uploads END), 0) AS owner FROM usage`,

  addGarbage: "INSERT OR IGNORE INTO garbage (blob) VALUES (?)",
  dropGarbage: "DELETE FROM garbage WHERE blob = ?",
  garbage: "SELECT blob FROM garbage ORDER BY blob",
} as const;

/** Every query of the catalog, ready to run. */
export type CatalogStatements = Readonly<Record<keyof typeof QUERIES, SqlStatement>>;

/** Prepares them all on a database that has the schema. */
export function prepareStatements(db: SqlDatabase): CatalogStatements {
  const prepared = Object.entries(QUERIES).map(([name, sql]) => [name, db.prepare(sql)]);
  return Object.fromEntries(prepared);
}

/** The file in a row of `stat`, `find` or `list`, or in what `changes` tells of a put. */
export function fileOf(row: SqlRow): FileRecord {
  return {
    name: row.name as string,
    version: row.version as number,
    size: row.size as number,
    digest: row.digest as Uint8Array,
    committedMs: row.committed_ms as number,
    modifiedMs: row.modified_ms as number,
    metadata: JSON.parse(row.metadata as string) as Metadata,
  };
}

/** The file in a row of `find`, and where its bytes are. */
export function storedFileOf(row: SqlRow): StoredFile {
  return { file: fileOf(row), place: placeOf(row), damage: damageOf(row) };
}

function placeOf(row: SqlRow): Place {
  return row.blob === null
    ? { kind: "inline", bytes: row.bytes as Uint8Array }
    : { kind: "blob", id: row.blob as string };
}

/** The content in a row of `contents`. */
export function contentOf(row: SqlRow): StoredContent {
  return {
    id: row.id as number,
    digest: row.digest as Uint8Array,
    size: row.size as number,
    place: placeOf(row),
    damage: damageOf(row),
  };
}

/** The change in a row of `changes`. */
export function changeOf(row: SqlRow): Change {
  const sequence = row.sequence as number;
  if (row.digest === null) {
    return {
      kind: "remove",
      sequence,
      name: row.name as string,
      removedMs: row.at_ms as number,
    };
  }
  const file = fileOf({ ...row, version: sequence, committed_ms: row.at_ms! });
  return { kind: "put", sequence, file };
}

/** What is wrong with the content in a row. */
function damageOf(row: SqlRow): string | undefined {
  return (row.damage as string | null) ?? undefined;
}

/** The values of `addUpload`. */
export function uploadValues(upload: UploadRecord): SqlValue[] {
  return [
    upload.id,
    upload.name.key,
    upload.name.name,
    neededVersion(upload.condition),
    upload.declaredSize ?? null,
    upload.modifiedMs,
    JSON.stringify(upload.metadata),
    upload.epoch,
    upload.durable,
    upload.begunMs,
    upload.activeMs,
    upload.owner,
  ];
}

/** The upload in a row of `upload` or `attachUpload`. */
export function uploadOf(row: SqlRow): UploadRecord {
  return { ...withoutMetadata(row), metadata: JSON.parse(row.metadata as string) as Metadata };
}

/** The upload in a row of `uploads` or `uploadsTo`. */
export function listedUploadOf(row: SqlRow): ListedUpload {
  return { ...withoutMetadata(row), number: row.number as number };
}

function withoutMetadata(row: SqlRow): Omit<UploadRecord, "metadata"> {
  const name: CheckedName = { name: row.name as string, key: row.key as Uint8Array };
  return {
    id: row.id as string,
    name,
    condition: conditionOf(row.needs_version as number | null),
    declaredSize: (row.declared_size as number | null) ?? undefined,
    modifiedMs: row.modified_ms as number,
    epoch: row.epoch as number,
    durable: row.durable as number,
    begunMs: row.begun_ms as number,
    activeMs: row.active_ms as number,
    owner: row.owner as string,
  };
}

/** The root in a row of `partRoots`. */
export function partRootOf(row: SqlRow): Uint8Array {
  return (row.root ?? merkleRoot(row.hashes as Uint8Array)) as Uint8Array;
}

function neededVersion(condition: Condition): number | null {
  switch (condition.kind) {
    case "any":
      return null;
    case "absent":
      return 0;
    case "version":
      return condition.version;
    default:
      return condition satisfies never;
  }
}

function conditionOf(neededVersion: number | null): Condition {
  if (neededVersion === null) return { kind: "any" };
  return neededVersion === 0 ? { kind: "absent" } : { kind: "version", version: neededVersion };
}
