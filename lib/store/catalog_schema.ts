// The tables of the SQLite catalog and how an older catalog becomes a newer one. Not the queries.

import { MorselError } from "../base/errors.ts";
import type { SqlDatabase } from "../runtime/sql.ts";

/** 16 MiB of pages in memory: the digests of many small files lie on many pages. */
export const CACHE = "PRAGMA cache_size = -16384;";

/** What the connection that writes begins with. */
export const SETTINGS = `
  PRAGMA journal_mode = WAL;
  -- With NORMAL a commit in WAL mode is only durable after the next checkpoint.
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  ${CACHE}
  -- As many in the log before they are moved: each is moved once then and not again and again.
  PRAGMA wal_autocheckpoint = 4096;
`;

/**
 * What leads from each schema version to the next: the first makes version 1 out of nothing. Never
 * change one that was released; add another.
 */
const MIGRATIONS = [
  `
  -- One row: the version given last. A row and not MAX(version), which would shrink on a removal.
  CREATE TABLE counter (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
  ) STRICT;
  INSERT INTO counter (id, version) VALUES (1, 0);

  -- One row for each distinct content: its bytes here, or the id of its blob.
  CREATE TABLE content (
    id     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size   INTEGER NOT NULL,
    blob   TEXT UNIQUE,
    bytes  BLOB,
    CHECK ((blob IS NULL) <> (bytes IS NULL))
  ) STRICT;

  -- A key is the UTF-8 of the NFC name, as a BLOB so that order and prefixes go by bytes.
  CREATE TABLE file (
    key          BLOB PRIMARY KEY,
    name         TEXT NOT NULL,
    version      INTEGER NOT NULL,
    content      INTEGER NOT NULL REFERENCES content (id),
    committed_ms INTEGER NOT NULL,
    modified_ms  INTEGER NOT NULL,
    metadata     TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_content ON file (content);

  -- needs_version: NULL for any condition, 0 for absent, else the version that must be there.
  CREATE TABLE upload (
    id            TEXT PRIMARY KEY,
    key           BLOB NOT NULL,
    name          TEXT NOT NULL,
    needs_version INTEGER,
    declared_size INTEGER,
    modified_ms   INTEGER NOT NULL,
    metadata      TEXT NOT NULL,
    epoch         INTEGER NOT NULL,
    durable       INTEGER NOT NULL,
    begun_ms      INTEGER NOT NULL
  ) STRICT;

  -- Leaf hashes of a blob, from its upload on: a commit moves no row.
  CREATE TABLE leaf (
    blob   TEXT NOT NULL,
    part   INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (blob, part)
  ) STRICT;

  -- Blobs that no content needs any more, until they are known to be removed.
  CREATE TABLE garbage (
    blob TEXT PRIMARY KEY
  ) STRICT;
  `,
  `
  -- When it was begun, attached to or made durable last.
  ALTER TABLE upload ADD COLUMN active_ms INTEGER NOT NULL DEFAULT 0;
  UPDATE upload SET active_ms = begun_ms;
  CREATE INDEX upload_key ON upload (key);

  -- Of a full part the root of its subtree. NULL where version 1 wrote it: made from the hashes then.
  ALTER TABLE leaf ADD COLUMN root BLOB;

  -- What was found wrong with it, for people; NULL when nothing was.
  ALTER TABLE content ADD COLUMN damage TEXT;
  `,
  `
  -- One row for each change of a name, the newest of them. SQLite numbers them without a gap, one above the
  -- newest, so that the log is the counter too: the sequence of a put is the version it makes. All below at_ms
  -- is of a put, and NULL where the name went.
  CREATE TABLE change (
    sequence    INTEGER PRIMARY KEY,
    key         BLOB NOT NULL,
    name        TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    size        INTEGER,
    digest      BLOB,
    modified_ms INTEGER,
    metadata    TEXT
  ) STRICT;
  -- The oldest row stands for what is not kept: it is no change any more. This one is under no prefix.
  INSERT INTO change (sequence, key, name, at_ms) SELECT version, x'ff', '', 0 FROM counter;
  DROP TABLE counter;
  `,
  `
  -- Whose it is: the name of who committed or began it, '' where nobody has one.
  ALTER TABLE file ADD COLUMN owner TEXT NOT NULL DEFAULT '';
  ALTER TABLE upload ADD COLUMN owner TEXT NOT NULL DEFAULT '';

  -- What each owner has, counted with every change, so that nobody needs to count the files.
  CREATE TABLE usage (
    owner TEXT PRIMARY KEY,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO usage (owner, files, bytes)
    SELECT '', COUNT(*), COALESCE(SUM(c.size), 0) FROM file f JOIN content c ON c.id = f.content;
  `,
  `
  -- What all contents take, each once. Counted by SQLite: the size of one that is there never changes.
  CREATE TABLE stored (
    contents INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
  ) STRICT;
  INSERT INTO stored (contents, bytes) SELECT COUNT(*), COALESCE(SUM(size), 0) FROM content;
  CREATE TRIGGER content_added AFTER INSERT ON content
    BEGIN UPDATE stored SET contents = contents + 1, bytes = bytes + NEW.size; END;
  CREATE TRIGGER content_dropped AFTER DELETE ON content
    BEGIN UPDATE stored SET contents = contents - 1, bytes = bytes - OLD.size; END;
  `,
  `
  -- Unfinished uploads, counted by SQLite: their own rows have the owner behind metadata that fills many pages.
  ALTER TABLE usage ADD COLUMN uploads INTEGER NOT NULL DEFAULT 0;
  -- WHERE, as ON would join otherwise.
  INSERT INTO usage (owner, files, bytes, uploads)
    SELECT owner, 0, 0, COUNT(*) FROM upload WHERE true GROUP BY owner
    ON CONFLICT (owner) DO UPDATE SET uploads = excluded.uploads;
  CREATE TRIGGER upload_begun AFTER INSERT ON upload
    BEGIN
      INSERT INTO usage (owner, files, bytes, uploads) VALUES (NEW.owner, 0, 0, 1)
        ON CONFLICT (owner) DO UPDATE SET uploads = uploads + 1;
    END;
  CREATE TRIGGER upload_ended AFTER DELETE ON upload
    BEGIN UPDATE usage SET uploads = uploads - 1 WHERE owner = OLD.owner; END;
  `,
  `
  -- What the log has that may be long: both spellings of each name, and metadata. Counted by SQLite.
  CREATE TABLE logged (
    bytes INTEGER NOT NULL
  ) STRICT;
  INSERT INTO logged (bytes)
    SELECT SUM(length(key) + length(CAST(name AS BLOB)) + COALESCE(length(CAST(metadata AS BLOB)), 0))
    FROM change;
  CREATE TRIGGER change_added AFTER INSERT ON change
    BEGIN
      UPDATE logged SET bytes = bytes + length(NEW.key) + length(CAST(NEW.name AS BLOB))
        + COALESCE(length(CAST(NEW.metadata AS BLOB)), 0);
    END;
  CREATE TRIGGER change_dropped AFTER DELETE ON change
    BEGIN
      UPDATE logged SET bytes = bytes - length(OLD.key) - length(CAST(OLD.name AS BLOB))
        - COALESCE(length(CAST(OLD.metadata AS BLOB)), 0);
    END;
  `,
] as const;

/**
 * Brings a catalog, new or old, to the schema this code knows, or for a test to an older one. Throws
 * `storage` if it is newer.
 */
export function migrate(db: SqlDatabase, version: number = MIGRATIONS.length): void {
  db.transaction(() => {
    const found = db.prepare("PRAGMA user_version").get()!.user_version as number;
    if (found > MIGRATIONS.length) {
      throw new MorselError(
        "storage",
        `The catalog has schema version ${found}, and this server knows versions up to ` +
          `${MIGRATIONS.length}; start a newer server`,
      );
    }
    for (const migration of MIGRATIONS.slice(found, version)) db.exec(migration);
    // PRAGMA takes no parameters.
    if (found < version) db.exec(`PRAGMA user_version = ${version}`);
  });
}
