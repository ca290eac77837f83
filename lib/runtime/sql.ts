// What Morsel needs of an embedded SQL database. Types only; node_sql.ts has it for every runtime.

/** What may be bound to a statement: nothing else behaves alike on all runtimes. */
export type SqlValue = null | number | bigint | string | Uint8Array;
/** A row by column name. Integers are numbers; one beyond 2^53 throws. */
export type SqlRow = Record<string, SqlValue>;

/** A prepared statement. */
export interface SqlStatement {
  /** Runs it; returns how many rows were changed. */
  run(...values: SqlValue[]): number;
  /** The first row, or undefined. */
  get(...values: SqlValue[]): SqlRow | undefined;
  /** All rows. */
  all(...values: SqlValue[]): SqlRow[];
}

/**
 * An open database; every call is synchronous. Whoever opened it closes it. Failures of statements and
 * transactions carry SQLite's result code as `errcode`; those of `exec` may not.
 */
export interface SqlDatabase {
  /** Runs statements that return nothing. */
  exec(sql: string): void;
  prepare(sql: string): SqlStatement;
  /** Runs `work` between BEGIN IMMEDIATE and COMMIT; rolls back and throws on when it throws. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** How a database is opened. */
export interface OpenSqlOptions {
  /** Whether statements that change something fail; the file must be there then. */
  readonly readOnly?: boolean;
}

/** Opens the database in the file at `path`, made if it is not there. */
export type OpenSql = (path: string, options?: OpenSqlOptions) => SqlDatabase;
