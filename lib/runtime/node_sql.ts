// The embedded SQL database of every runtime: SQLite through node:sqlite, which Deno, Bun and Node all
// have. It only evens out their differences; it knows no schema.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type {
  OpenSql,
  OpenSqlOptions,
  SqlDatabase,
  SqlRow,
  SqlStatement,
  SqlValue,
} from "./sql.ts";

/** Opens a SQLite database; a lock of another process is waited for up to five seconds. */
export const openNodeSql: OpenSql = (path, options) => new NodeSqlDatabase(path, options);

class NodeSqlDatabase implements SqlDatabase {
  readonly #db: DatabaseSync;
  // Prepared, as an error of `exec` carries no `errcode` in Deno.
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;

  constructor(path: string, { readOnly = false }: OpenSqlOptions = {}) {
    this.#db = new DatabaseSync(path, { timeout: 5000, readOnly });
    try {
      this.#begin = this.#db.prepare("BEGIN IMMEDIATE");
      this.#commit = this.#db.prepare("COMMIT");
      this.#rollback = this.#db.prepare("ROLLBACK");
    } catch (thrown) {
      this.#db.close();
      throw thrown;
    }
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  prepare(sql: string): SqlStatement {
    return new NodeSqlStatement(this.#db.prepare(sql));
  }

  transaction<T>(work: () => T): T {
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (thrown) {
      this.#undo();
      throw thrown;
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #undo(): void {
    // A full disk or a failed write may have rolled it back already; the first error is the one to tell.
    if (this.#db.isTransaction) this.#rollback.run();
  }
}

class NodeSqlStatement implements SqlStatement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
  }

  run(...values: SqlValue[]): number {
    return Number(this.#statement.run(...values).changes);
  }

  get(...values: SqlValue[]): SqlRow | undefined {
    return this.#statement.get(...values) as SqlRow | undefined;
  }

  all(...values: SqlValue[]): SqlRow[] {
    return this.#statement.all(...values) as SqlRow[];
  }
}
