// The catalog of a simulated world: survives crashes as a database does, with every transaction whole or not
// at all, and those it answered all there. Calls take time and fail with the disk.

import { MorselError } from "../../lib/base/errors.ts";
import type { Catalog, ChangeLog } from "../../lib/store/catalog.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import type { SimRandom } from "./random.ts";
import type { SimClock, SimProcess } from "./sim_clock.ts";
import type { SimDisk } from "./sim_files.ts";

/** The calls that change something, and so wait for the disk's sync. */
const WRITES = new Set([
  "commit",
  "remove",
  "link",
  "beginUpload",
  "attachUpload",
  "checkpointUpload",
  "endUpload",
  "forgetGarbage",
]);

/** A transaction that was made, so that it can be made again. */
interface Transaction {
  readonly method: string;
  readonly values: unknown[];
  readonly atMs: number;
}

/** What is on stable storage of a catalog; outlives the processes that open it. */
export class CatalogDisk {
  /** How many of the newest transactions a power cut may take back: none, in a catalog that is right. */
  unsynced = 0;
  readonly #clock: SimClock;
  readonly #random: SimRandom;
  readonly #disk: SimDisk;
  #journal: Transaction[] = [];
  #engine: MemoryCatalog;
  #replayMs: number | undefined;
  /** A transaction whose COMMIT failed: it may be there after the next start, if nothing was written since. */
  #doubtful: Transaction | undefined;

  constructor(
    { clock, random, disk }: { clock: SimClock; random: SimRandom; disk: SimDisk },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#disk = disk;
    this.#engine = this.#newEngine();
  }

  /** The rows, for looking at a world that stands still. */
  get engine(): Catalog {
    return this.#engine;
  }

  /** The catalog as a new process opens it. */
  async open(process: SimProcess): Promise<Catalog> {
    await this.#settleDoubt();
    return new Proxy(this.#engine, {
      get: (_, property) => {
        const member = Reflect.get(this.#engine, property);
        if (property === "log") return this.#logFor(process);
        if (typeof member !== "function") return member;
        if (typeof property === "symbol") return member.bind(this.#engine);
        return (...values: unknown[]) => this.#call(process, { method: property, values });
      },
    });
  }

  /** The power has gone: transactions that were not synced are taken back, the newest first. */
  async losePower(): Promise<void> {
    const lost = this.#random.whole(0, this.unsynced + 1);
    this.unsynced = 0;
    if (lost === 0) return;
    const journal = this.#journal.slice(0, -lost);
    this.#engine = this.#newEngine();
    this.#journal = [];
    for (const transaction of journal) {
      this.#replayMs = transaction.atMs;
      await this.#apply(transaction).catch(() => {}); // it failed the first time too
    }
    this.#replayMs = undefined;
  }

  #newEngine(): MemoryCatalog {
    return new MemoryCatalog({ now: () => this.#replayMs ?? this.#clock.dateMs });
  }

  #logFor(process: SimProcess): ChangeLog {
    const read = async <T>(work: (log: ChangeLog) => Promise<T>): Promise<T> =>
      await this.#disk.perform(process, "call", () => work(this.#engine.log));
    return {
      last: () => read((log) => log.last()),
      page: (since, options) => read((log) => log.page(since, options)),
      onChange: (listener) => this.#engine.log.onChange(() => process.alive && listener()),
    };
  }

  async #call(process: SimProcess, call: Omit<Transaction, "atMs">): Promise<unknown> {
    const copied = { ...call, values: structuredClone(call.values) };
    return WRITES.has(call.method)
      ? await this.#disk.perform(process, "sync", () => this.#write(copied))
      : await this.#disk.perform(process, "call", () => this.#invoke(copied));
  }

  async #write(call: Omit<Transaction, "atMs">): Promise<unknown> {
    const transaction = { ...call, atMs: this.#clock.dateMs };
    try {
      this.#disk.insistOnHealth("commit");
    } catch (thrown) {
      const { code } = thrown as { code: string };
      if (code === "ENOSPC") throw new MorselError("no_space", "The catalog's disk is full");
      if (this.#random.chance(0.5)) this.#doubtful = transaction;
      throw new MorselError("storage", "Cannot write to the catalog", { cause: thrown });
    }
    this.#doubtful = undefined;
    return await this.#apply(transaction);
  }

  #apply(transaction: Transaction): Promise<unknown> {
    this.#journal.push(transaction);
    return this.#invoke(transaction);
  }

  #invoke({ method, values }: Omit<Transaction, "atMs">): Promise<unknown> {
    const member = Reflect.get(this.#engine, method) as (...values: unknown[]) => Promise<unknown>;
    return member.apply(this.#engine, values);
  }

  async #settleDoubt(): Promise<void> {
    const doubtful = this.#doubtful;
    this.#doubtful = undefined;
    if (doubtful && this.#random.chance(0.5)) await this.#apply(doubtful).catch(() => {});
  }
}
