// Each story is told once for every call that may fail, with just that one failing. The error must say what it
// was, another file must go through at once, and after a power cut the store must be sound.

import { assert, assertEquals } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import type { SqlStatement } from "../../lib/runtime/sql.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { FolderBlobs } from "../../lib/store/folder_blobs.ts";
import { SqliteCatalog } from "../../lib/store/sqlite_catalog.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { CATALOG_CHANGES } from "../support/power.ts";
import { hookedCatalog } from "../support/store_faults.ts";
import { type DiskCall, systemError, VolatileFiles } from "../support/volatile_files.ts";
import { assertSound, type Engines } from "./store_invariants.ts";
import { DATA_FOLDER, enginesOf, newMachine } from "./store_machine.ts";
import { Ledger, put, type Scenario, SCENARIOS } from "./store_scenarios.ts";

/** How each call of a file system fails. */
const DISK_FAULTS: Readonly<Record<DiskCall["name"], readonly string[]>> = {
  open: ["EMFILE"],
  create: ["EMFILE", "ENOSPC"],
  write: ["ENOSPC", "EIO"],
  truncate: ["EIO"],
  sync: ["EIO", "ENOSPC"],
  rename: ["EIO"],
  remove: ["EIO"],
  makeFolder: ["ENOSPC"],
  syncFolder: ["EIO"],
};

/** Counts calls, and fails one of them. */
class FaultLine {
  /** Each call so far. */
  readonly calls: string[] = [];
  readonly #failing: number;
  readonly #fault: Error | undefined;
  #hasEnded = false;

  constructor(failing = -1, fault?: Error) {
    this.#failing = failing;
    this.#fault = fault;
  }

  /** Nothing fails any more, and no more calls are counted. */
  end(): void {
    this.#hasEnded = true;
  }

  /** To be called where a fault may be. */
  readonly pass = (call: string): void => {
    if (this.#hasEnded) return;
    if (this.calls.push(call) - 1 === this.#failing) throw this.#fault;
  };
}

for (const [story, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`a disk that fails at any one call does no harm: ${story}`, async (t) => {
    const { calls } = await tortureDisk(scenario, new FaultLine());
    let points = 0;
    for (const [index, call] of calls.entries()) {
      for (const code of DISK_FAULTS[call as DiskCall["name"]]) {
        const line = new FaultLine(index, systemError(code, call));
        const expected = code === "ENOSPC" ? "no_space" : "storage";
        await named(`${code} at ${call} ${index}`, () => tortureDisk(scenario, line, expected));
        points++;
      }
    }
    await t.step(`${points} points`, () => {});
  });

  Deno.test(`a catalog that fails at any one call does no harm: ${story}`, async (t) => {
    let points = 0;
    for (const when of ["before", "after"] as const) {
      const { calls } = await tortureCatalog(scenario, new FaultLine(), when);
      for (const [index, call] of calls.entries()) {
        const line = new FaultLine(index, new MorselError("storage", `It failed at ${call}`));
        await named(`${when} ${call} ${index}`, () => tortureCatalog(scenario, line, when));
        points++;
      }
    }
    await t.step(`${points} points`, () => {});
  });

  Deno.test(`a SQLite that fails at any one call does no harm: ${story}`, async (t) => {
    const { calls } = await tortureSql(scenario, new FaultLine());
    for (const [index, call] of calls.entries()) {
      // SQLITE_FULL and SQLITE_IOERR_FSYNC in turn.
      const [errcode, expected] = index % 2
        ? [13, "no_space"] as const
        : [1034, "storage"] as const;
      const fault = Object.assign(new Error(`It failed at ${call}`), { errcode });
      const line = new FaultLine(index, fault);
      await named(`${errcode} at ${call} ${index}`, () => tortureSql(scenario, line, expected));
    }
    await t.step(`${calls.length} points`, () => {});
  });
}

async function tortureDisk(scenario: Scenario, line: FaultLine, expected = "none") {
  const clock = new FakeClock();
  const machine = await newMachine(clock);
  const files = new VolatileFiles(machine.disk, { before: ({ name }) => line.pass(name) });
  const open = async () => ({
    ...machine,
    blobs: await FolderBlobs.open(DATA_FOLDER, files),
  });
  const ledger = await tell(scenario, { open, clock, line, expected });
  assertEquals(files.retriedSyncs, []);
  for (const seed of [1, 2]) {
    const after = { ...machine, disk: machine.disk.cut(seed), catalog: machine.catalog.clone() };
    await assertSound(await enginesOf(after), ledger);
  }
  return line;
}

async function tortureCatalog(scenario: Scenario, line: FaultLine, when: "before" | "after") {
  const clock = new FakeClock();
  const machine = await newMachine(clock);
  const { blobs } = await enginesOf(machine);
  const fail = (call: string) => {
    if (when === "after" ? CATALOG_CHANGES.has(call) : true) line.pass(call);
  };
  const catalog = when === "before"
    ? hookedCatalog(machine.catalog, fail)
    : hookedCatalog(machine.catalog, () => {}, fail);
  const open = async () => ({ catalog, blobs, newId: machine.newId });
  const ledger = await tell(scenario, { open, clock, line, expected: "storage" });
  await assertSound(await enginesOf({ ...machine, disk: machine.disk.cut(1) }), ledger);
  return line;
}

async function tortureSql(scenario: Scenario, line: FaultLine, expected = "none") {
  const folder = await Deno.makeTempDir({ prefix: "morsel-test-" });
  const clock = new FakeClock();
  const machine = await newMachine(clock);
  const { blobs } = await enginesOf(machine);
  const path = `${folder}/catalog.db`;
  let catalog: SqliteCatalog | undefined;
  const open = async () => {
    await catalog?.[Symbol.asyncDispose]();
    catalog = SqliteCatalog.open(path, { openSql: (name) => faultySql(name, line), clock });
    return { catalog, blobs, newId: machine.newId };
  };
  try {
    const ledger = await tell(scenario, { open, clock, line, expected });
    await catalog?.[Symbol.asyncDispose]();
    await using again = SqliteCatalog.open(path, { openSql: openNodeSql, clock });
    const engines = await enginesOf({ ...machine, disk: machine.disk.cut(1) });
    await assertSound({ ...engines, catalog: again }, ledger);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return line;
}

interface Telling {
  /** Opens the engines, on which the line is. */
  readonly open: () => Promise<Engines>;
  readonly clock: FakeClock;
  readonly line: FaultLine;
  /** The code that an error must have. */
  readonly expected: string;
}

/** Tells a story in which one call fails, then puts two more files into the same store. */
async function tell(
  scenario: Scenario,
  { open, clock, line, expected }: Telling,
): Promise<Ledger> {
  const ledger = new Ledger();
  let engines: Engines | undefined;
  let store: FileStore | undefined;
  while (!store) {
    try {
      engines = await open();
      ({ store } = await FileStore.open({ ...engines, clock }));
    } catch (thrown) {
      assertSays(thrown, expected);
    }
  }
  try {
    await scenario(store, ledger, engines!.catalog);
  } catch (thrown) {
    assertSays(thrown, expected);
    // An upload that has failed is dropped with all its bytes.
    ledger.uploads.clear();
  }
  line.end();
  await put(store, ledger, "other", 1000);
  await put(store, ledger, "larger", 70_000);
  return ledger;
}

function assertSays(thrown: unknown, code: string): void {
  assert(thrown instanceof MorselError, String(thrown));
  assertEquals(thrown.code, code, thrown.message);
}

/** A SQLite whose statements and commits pass the line; without the syncs, which take the time. */
function faultySql(path: string, { pass }: FaultLine) {
  const db = openNodeSql(path);
  const failing = (statement: SqlStatement, text: string): SqlStatement => {
    const call = text.trim().split(/\s/, 1)[0]!;
    return {
      run: (...values) => (pass(call), statement.run(...values)),
      get: (...values) => (pass(call), statement.get(...values)),
      all: (...values) => (pass(call), statement.all(...values)),
    };
  };
  return {
    exec: (text: string) => db.exec(text.replace("synchronous = FULL", "synchronous = OFF")),
    prepare: (text: string) => failing(db.prepare(text), text),
    close: () => db.close(),
    transaction: <T>(work: () => T): T => {
      pass("BEGIN");
      const result = db.transaction(() => {
        const result = work();
        pass("COMMIT");
        return result;
      });
      pass("after COMMIT");
      return result;
    },
  };
}

async function named(where: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new Error(`Not sound after ${where}: ${cause}`, { cause });
  }
}
