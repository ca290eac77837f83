// Each catalog engine beside a model that is a map and a counter: whatever is asked in whatever order, both give the
// same answers. A failure prints its seed and path: given to `fc.assert` beside the property, they make the same
// case again.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MorselError } from "../../lib/base/errors.ts";
import { checkName, checkPrefix } from "../../lib/base/names.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { Catalog, Condition } from "../../lib/store/catalog.ts";
import { SqliteCatalog } from "../../lib/store/sqlite_catalog.ts";
import { inlineFile } from "../support/catalog_records.ts";
import { contentOf } from "../support/content.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";

/** Names that are one in two spellings, that others begin with, and whose bytes and UTF-16 units differ in order. */
const NAMES = ["a", "a/b", "a/c", "b", "caf\u00e9", "cafe\u0301", "\ue000", "\u{1f600}"];

const ENGINES: readonly [string, () => Catalog, runs: number][] = [
  ["memory catalog", () => new MemoryCatalog(systemClock), 300],
  [
    "SQLite catalog",
    () => SqliteCatalog.open(":memory:", { openSql: openNodeSql, clock: systemClock }),
    100,
  ],
];

for (const [engine, open, numRuns] of ENGINES) {
  Deno.test(`${engine}: any changes under any conditions end as in a model`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 25 }), page, async (changes, page) => {
        await using catalog = open();
        const model = new Model();
        for (const [index, change] of changes.entries()) {
          const answer = await answerOf(() => inCatalog(catalog, change, model, index));
          assertEquals(answer, await answerOf(() => model.make(change, index)));
        }
        const { prefix, after, limit } = page;
        const list = await catalog.list(checkPrefix(prefix), checkPrefix(after), limit);
        assertEquals(
          list.map(({ name, version, size }) => ({ name, version, size })),
          model.list(page),
        );
        const log = await catalog.log.page(0, { prefix: checkPrefix(prefix), limit: 100 });
        const told = log.changes.map((change) => ({
          kind: change.kind,
          sequence: change.sequence,
          name: change.kind === "put" ? change.file.name : change.name,
        }));
        assertEquals(told, model.told(prefix));
        assertEquals(await catalog.log.last(), model.last);
      }),
      { numRuns },
    );
  });
}

interface ChangeAsked {
  readonly kind: "commit" | "remove" | "move" | "copy";
  readonly name: string;
  readonly to: string;
  readonly condition: "any" | "absent" | "version";
  /** Of the version that is asked for, what it is off by. */
  readonly off: number;
}

interface Entry {
  readonly name: string;
  readonly version: number;
  readonly size: number;
}

interface PageAsked {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
}

const name = fc.constantFrom(...NAMES);
const change: fc.Arbitrary<ChangeAsked> = fc.record({
  kind: fc.constantFrom("commit", "commit", "remove", "move", "copy"),
  name,
  to: name,
  condition: fc.constantFrom("any", "absent", "version"),
  off: fc.constantFrom(0, 0, 1),
});
const page: fc.Arbitrary<PageAsked> = fc.record({
  prefix: fc.constantFrom("", "", "a", "a/", "caf", "cafe\u0301"),
  after: fc.constantFrom("", ...NAMES),
  limit: fc.integer({ min: 1, max: 10 }),
});

/** What a file is after a change, or why there was none. */
async function answerOf(make: () => Promise<Entry> | Entry): Promise<Entry | [string, unknown]> {
  try {
    const { name, version, size } = await make();
    return { name, version, size };
  } catch (error) {
    if (!(error instanceof MorselError)) throw error;
    return [error.code, error.detail.current];
  }
}

async function inCatalog(
  catalog: Catalog,
  asked: ChangeAsked,
  model: Model,
  size: number,
): Promise<Entry> {
  const { kind } = asked;
  const name = checkName(asked.name);
  const condition = model.conditionOf(asked);
  if (kind === "commit") {
    return (await catalog.commit({ ...inlineFile(asked.name, contentOf(size)), condition })).file;
  }
  if (kind === "remove") return (await catalog.remove(name, condition)).file;
  const options = { condition, keep: kind === "copy" };
  return (await catalog.link(name, checkName(asked.to), options)).file;
}

/** What a catalog means, and nothing of how. */
class Model {
  last = 0;
  readonly #files = new Map<string, Entry>();
  readonly #told: { kind: "put" | "remove"; sequence: number; name: string }[] = [];

  /** The condition with its version, which is that of what it is about. */
  conditionOf({ kind, name, to, condition, off }: ChangeAsked): Condition {
    if (condition !== "version") return { kind: condition };
    const current = this.#files.get(keyOf(kind === "commit" || kind === "remove" ? name : to));
    return { kind: "version", version: (current?.version ?? 0) + off };
  }

  /** Makes a change; throws `not_found` or `conflict`. */
  make(asked: ChangeAsked, size: number): Entry {
    const { kind, name, to } = asked;
    const source = this.#files.get(keyOf(name));
    if (kind !== "commit" && !source) throw new MorselError("not_found", "");
    const target = kind === "commit" || kind === "remove" ? name : to;
    const isRespelt = kind === "move" && keyOf(name) === keyOf(to);
    if (!isRespelt || asked.condition !== "absent") this.#insistOn(asked, target);
    if (kind === "commit") return this.#put(name, size);
    if (kind === "remove" || (kind === "move" && !isRespelt)) this.#remove(name);
    return kind === "remove" ? source! : this.#put(to, source!.size);
  }

  list({ prefix, after, limit }: PageAsked): Entry[] {
    return [...this.#files]
      .filter(([key]) => key.startsWith(keyOf(prefix)) && key > keyOf(after))
      .sort(([a], [b]) => a < b ? -1 : 1)
      .slice(0, limit)
      .map(([, entry]) => entry);
  }

  told(prefix: string) {
    return this.#told.filter(({ name }) => keyOf(name).startsWith(keyOf(prefix)));
  }

  #insistOn(asked: ChangeAsked, name: string): void {
    const condition = this.conditionOf(asked);
    const current = this.#files.get(keyOf(name))?.version;
    const holds = condition.kind === "any" ||
      (condition.kind === "absent" ? current === undefined : current === condition.version);
    const detail = { current: String(current ?? 0) };
    if (!holds) throw new MorselError("conflict", "", { detail });
  }

  #put(name: string, size: number): Entry {
    const entry = { name, version: ++this.last, size };
    this.#files.set(keyOf(name), entry);
    this.#told.push({ kind: "put", sequence: entry.version, name });
    return entry;
  }

  #remove(name: string): void {
    const { name: spelt } = this.#files.get(keyOf(name))!;
    this.#files.delete(keyOf(name));
    this.#told.push({ kind: "remove", sequence: ++this.last, name: spelt });
  }
}

/** The bytes of a key, two digits each, whose order is theirs. */
function keyOf(name: string): string {
  return [...new TextEncoder().encode(name.normalize("NFC"))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
