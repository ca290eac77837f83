// The tokens of a data folder, in a database of their own: they can be made and revoked while a server has the
// folder. Of a secret only what SCRAM keeps is stored (RFC 5802), never the secret.

import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { checkPrefix, quote } from "../base/names.ts";
import { type Principal, type Right, RIGHTS } from "../base/principal.ts";
import {
  hmac,
  SCRAM_ITERATIONS,
  SCRAM_KEY_SIZE,
  type ScramKeys,
  scramKeys,
} from "../base/scram.ts";
import { formatToken, isTokenName } from "../base/token.ts";
import type { Files } from "../runtime/files.ts";
import type { OpenSql, SqlDatabase, SqlRow } from "../runtime/sql.ts";
import { insistOnDataFolder } from "./insist_on_folder.ts";
import { storageError } from "./storage_error.ts";

/** A token as it is kept. It is never removed, so that its name never means another one. */
export interface TokenRecord extends Principal {
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** Milliseconds since 1970; undefined while it is good. */
  readonly revokedMs: number | undefined;
}

/** What a token is made for. */
export type NewToken = Principal;

/** What a {@linkcode TokenStore} stands on. */
export interface TokenStoreParts {
  readonly files: Files;
  readonly openSql: OpenSql;
  readonly clock: Pick<Clock, "now">;
}

const VERSION = 1;
const SCHEMA = `
  CREATE TABLE token (
    name             TEXT PRIMARY KEY,
    rights           TEXT NOT NULL,
    prefix           TEXT NOT NULL,
    created_ms       INTEGER NOT NULL,
    expires_ms       INTEGER,
    revoked_ms       INTEGER,
    quota_bytes      INTEGER,
    quota_files      INTEGER,
    bytes_per_second INTEGER,
    salt             BLOB NOT NULL,
    iterations       INTEGER NOT NULL,
    stored_key       BLOB NOT NULL,
    server_key       BLOB NOT NULL
  ) STRICT;
  -- What the keys of names that there are not are made from, so that they are the same each time.
  CREATE TABLE decoy (secret BLOB NOT NULL) STRICT;
  PRAGMA user_version = ${VERSION};
`;

/** The tokens of a data folder. Errors of all methods are MorselErrors. Whoever opened it closes it. */
export class TokenStore implements Disposable {
  readonly #db: SqlDatabase;
  readonly #clock: Pick<Clock, "now">;
  readonly #decoy: Uint8Array;

  /** Over a database, which is closed with it. */
  constructor(db: SqlDatabase, clock: Pick<Clock, "now">) {
    this.#db = db;
    this.#clock = clock;
    this.#decoy = prepare(db);
  }

  /**
   * Opens the tokens in a folder; both are made if they are not there, closed to other users of the machine. Throws
   * `not_found` where no folder is to be made, and there is none with data.
   */
  static async open(
    folder: string,
    parts: TokenStoreParts,
    { make = true } = {},
  ): Promise<TokenStore> {
    const { files, openSql, clock } = parts;
    const path = `${folder}/tokens.db`;
    if (!make) await insistOnDataFolder(folder, ["tokens.db", "catalog.db"], parts);
    try {
      if (!await files.stat(path)) {
        await files.makeFolder(folder);
        // SQLite would make it readable for all.
        await (await files.open(path, "createPrivate")).close().catch(() => {});
      }
    } catch (thrown) {
      const isThere = await files.stat(path).catch(() => undefined);
      if (!isThere) throw storageError(thrown, `Cannot make the tokens in ${folder}`);
    }
    const db = attempt("Cannot open the tokens", () => openSql(path));
    try {
      return new TokenStore(db, clock);
    } catch (thrown) {
      db.close();
      throw thrown;
    }
  }

  /** Whether there has never been a token: then none is asked for. */
  get isEmpty(): boolean {
    return attempt(
      READING,
      () => this.#db.prepare("SELECT 1 AS found FROM token LIMIT 1").get() === undefined,
    );
  }

  /** Makes a token and returns it, the only time it is seen. Throws `conflict` where the name is taken. */
  async create(request: NewToken): Promise<string> {
    const { name, rights, prefix, expiresMs, quotaBytes, quotaFiles, bytesPerSecond } = request;
    if (!isTokenName(name)) {
      throw new MorselError(
        "invalid",
        `A token cannot be called ${quote(name)}: use up to 64 letters, digits, "." and "-"`,
      );
    }
    checkPrefix(prefix);
    const secret = toHex(crypto.getRandomValues(new Uint8Array(SCRAM_KEY_SIZE)));
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const keys = await scramKeys(secret, { salt, iterations: SCRAM_ITERATIONS });
    const added = attempt(WRITING, () =>
      this.#db.prepare(
        "INSERT OR IGNORE INTO token VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?)",
      ).run(
        name,
        RIGHTS.filter((right) => rights.has(right)).join(","),
        prefix,
        this.#clock.now(),
        expiresMs ?? null,
        quotaBytes ?? null,
        quotaFiles ?? null,
        bytesPerSecond ?? null,
        salt,
        keys.iterations,
        keys.storedKey,
        keys.serverKey,
      ));
    if (added > 0) return formatToken({ name, secret });
    throw new MorselError(
      "conflict",
      `There is, or was, a token ${quote(name)} already; take another name`,
    );
  }

  /** All tokens, those that are no longer good too, in the order of their names. */
  list(): TokenRecord[] {
    return attempt(
      READING,
      () => this.#db.prepare("SELECT * FROM token ORDER BY name").all().map(recordOf),
    );
  }

  /** The token of this name, good or not. */
  find(name: string): TokenRecord | undefined {
    const row = this.#row(name);
    return row && recordOf(row);
  }

  /** What is kept of the secret of this name; of one that there is not, keys that nobody can prove. */
  keysOf(name: string): ScramKeys {
    const row = this.#row(name);
    // Made in both cases, so that both take as long.
    const decoy = {
      salt: hmac(this.#decoy, `salt ${name}`).subarray(0, 16),
      iterations: SCRAM_ITERATIONS,
      storedKey: hmac(this.#decoy, `stored ${name}`),
      serverKey: hmac(this.#decoy, `server ${name}`),
    };
    if (!row) return decoy;
    return {
      salt: row.salt as Uint8Array,
      iterations: row.iterations as number,
      storedKey: row.stored_key as Uint8Array,
      serverKey: row.server_key as Uint8Array,
    };
  }

  /** Makes a token useless, for good. Throws `not_found`; one that is revoked already stays so. */
  revoke(name: string): void {
    const changed = attempt(
      WRITING,
      () =>
        this.#db.prepare("UPDATE token SET revoked_ms = coalesce(revoked_ms, ?) WHERE name = ?")
          .run(this.#clock.now(), name),
    );
    if (changed === 0) throw new MorselError("not_found", `There is no token ${quote(name)}`);
  }

  /** A number that is another one when another process has changed something. */
  changeMark(): number {
    return attempt(
      READING,
      () => this.#db.prepare("PRAGMA data_version").get()!.data_version as number,
    );
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#db.close();
  }

  #row(name: string): SqlRow | undefined {
    return attempt(READING, () => this.#db.prepare("SELECT * FROM token WHERE name = ?").get(name));
  }
}

const READING = "Cannot read the tokens";
const WRITING = "Cannot write the tokens";

/** Makes the tables where they are not; returns the secret of the decoys. */
function prepare(db: SqlDatabase): Uint8Array {
  return attempt("Cannot open the tokens", () =>
    db.transaction(() => {
      const found = db.prepare("PRAGMA user_version").get()!.user_version as number;
      if (found > VERSION) {
        throw new MorselError(
          "storage",
          `The tokens have schema version ${found}, and this server knows ${VERSION}; start a newer one`,
        );
      }
      if (found < VERSION) {
        db.exec(SCHEMA);
        const secret = crypto.getRandomValues(new Uint8Array(SCRAM_KEY_SIZE));
        db.prepare("INSERT INTO decoy VALUES (?)").run(secret);
      }
      return db.prepare("SELECT secret FROM decoy").get()!.secret as Uint8Array;
    }));
}

function recordOf(row: SqlRow): TokenRecord {
  const rights = new Set((row.rights as string).split(",") as Right[]);
  // `write` includes `create`, here once, so that nobody else has to think of it.
  if (rights.has("write")) rights.add("create");
  const optional = (column: string) => (row[column] as number | null) ?? undefined;
  return {
    name: row.name as string,
    rights,
    prefix: row.prefix as string,
    createdMs: row.created_ms as number,
    expiresMs: optional("expires_ms"),
    revokedMs: optional("revoked_ms"),
    quotaBytes: optional("quota_bytes"),
    quotaFiles: optional("quota_files"),
    bytesPerSecond: optional("bytes_per_second"),
  };
}

function attempt<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw storageError(thrown, doing);
  }
}
