// The least that many small files can cost on this runtime, with nothing sent between two programs: what the system's
// calls for each take, by the runtime's quickest ones, its hash, and a row for it in a durable database. What Morsel
// takes beyond that is its own. `deno run -A bench/least_files.ts [--files 10000] [--rounds 5]`

import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { orUsage, parseCount, print, readOptions } from "./measure/options.ts";
import { median } from "./measure/statistics.ts";

const HELP = `deno run -A bench/least_files.ts [--files N] [--rounds N] [--folder DIR]`;
const SIZE = 1024;
/** As many share a synchronisation of the disk in Morsel. */
const AT_ONCE = 256;

const given = readOptions(["files", "rounds", "folder"], HELP);
const { files, rounds } = orUsage(() => ({
  files: parseCount(given.files ?? "10000"),
  rounds: parseCount(given.rounds ?? "5"),
}));
const folder = await Deno.makeTempDir({ dir: given.folder ?? ".", prefix: "morsel-least-" });
try {
  const took: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    const there = `${folder}/${round}`;
    Deno.mkdirSync(there);
    const contents = Array.from(
      { length: files },
      () => crypto.getRandomValues(new Uint8Array(SIZE)),
    );
    const steps = {
      "put in place": () => contents.forEach((bytes, index) => place(`${there}/${index}`, bytes)),
      "look and read": () => contents.forEach((_, index) => look(`${there}/${index}`)),
      "hash": () => contents.forEach(digest),
      "enter": () => enter(`${there}/rows`, contents),
    };
    for (const [step, work] of Object.entries(steps)) {
      const beganMs = performance.now();
      work();
      (took[step] ??= []).push((performance.now() - beganMs) * 1000 / files);
    }
  }
  for (const [step, us] of Object.entries(took)) {
    print(
      `${step.padEnd(14)} ${median(us).toFixed(1)} µs a file (${us.map((one) => one.toFixed(0))})`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** As a get does: written beside its place under another name, dated, renamed. */
function place(path: string, bytes: Uint8Array): void {
  const part = `${path}.part`;
  const file = Deno.openSync(part, { write: true, createNew: true });
  file.writeSync(bytes);
  file.utimeSync(1, 1);
  file.close();
  Deno.renameSync(part, path);
}

/** As a put does: what it is, then what is in it, then whether that is still so. */
function look(path: string): void {
  Deno.lstatSync(path);
  const file = Deno.openSync(path);
  file.readSync(new Uint8Array(SIZE + 1));
  file.statSync();
  file.close();
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** As a server does, though in one row of one table, which tells nobody of the change and shares no content. */
function enter(path: string, contents: Uint8Array[]): void {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE file (name TEXT PRIMARY KEY, digest TEXT, bytes BLOB) WITHOUT ROWID");
  const insert = db.prepare("INSERT INTO file VALUES (?, ?, ?)");
  for (let first = 0; first < contents.length; first += AT_ONCE) {
    db.exec("BEGIN");
    for (const [index, bytes] of contents.slice(first, first + AT_ONCE).entries()) {
      insert.run(`many/${first + index}`, digest(bytes), bytes);
    }
    db.exec("COMMIT");
  }
  db.close();
}
