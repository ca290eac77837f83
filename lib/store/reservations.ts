// What uploads under way will need, so that a file counts from its begin on. It is kept in memory: after a restart
// the uploads that are left reserve again.

import { EVERYBODY, type Principal } from "../base/principal.ts";
import type { CheckedName } from "../base/names.ts";
import type { Catalog, UploadRecord } from "./catalog.ts";
import {
  type Growth,
  growthOf,
  insistOnQuotas,
  isLimited,
  type Quota,
  type Quotas,
} from "./quota.ts";
import { Turns } from "./turns.ts";

/** Of an upload of unknown size, so much is reserved at a time where it fits. */
const STEP = 1024 * 1024;

/** What is to be reserved. */
export interface Wanted {
  readonly name: CheckedName;
  /** In bytes. */
  readonly size: number;
  readonly by: Principal;
}

interface Reservation {
  readonly owner: string;
  readonly size: number;
  readonly growth: Growth;
}

/** The reservations of a store, by the id of their upload. Bounded by the uploads there are. */
export class Reservations {
  readonly #catalog: Pick<Catalog, "account">;
  readonly #quota: Quota;
  readonly #held = new Map<string, Reservation>();
  /** One asks after the other, so that none is refused for what another one only tried. */
  readonly #turns = new Turns();
  /** Grows with every release, by which a refusal knows that it may be out of date. */
  #released = 0;

  /** `quota` is that of the whole store. */
  constructor(catalog: Pick<Catalog, "account">, quota: Quota = {}) {
    this.#catalog = catalog;
    this.#quota = quota;
  }

  /** What a change by this principal has to keep to; undefined for nothing. */
  quotasOf({ quotaBytes, quotaFiles }: Principal): Quotas | undefined {
    const quotas = { owner: { bytes: quotaBytes, files: quotaFiles }, store: this.#quota };
    return isLimited(quotas) ? quotas : undefined;
  }

  /** Bytes reserved under this id; 0 for none. */
  sizeOf(id: string): number {
    return this.#held.get(id)?.size ?? 0;
  }

  /** Reserves under a new id. Throws `quota`, and leaves all as it was. */
  async reserve(id: string, wanted: Wanted): Promise<void> {
    const quotas = this.quotasOf(wanted.by);
    if (quotas) await this.#turns.take(() => this.#reserve(id, wanted, quotas));
  }

  /**
   * Reserves more for an upload whose size is not known, a step at a time; nothing for one that has ended, as
   * its former holder may hear of that late. Throws `quota`, and leaves all as it was.
   */
  async growTo(id: string, wanted: Wanted): Promise<void> {
    const quotas = this.quotasOf(wanted.by);
    if (!quotas) return;
    await this.#turns.take(async () => {
      const before = this.#held.get(id);
      if (!before || before.size >= wanted.size) return;
      try {
        await this.#reserve(id, { ...wanted, size: wanted.size + STEP }, quotas);
      } catch {
        if (this.#held.has(id)) await this.#reserve(id, wanted, quotas);
      }
    });
  }

  /**
   * After a restart, and where no quota applied at its begin: an upload that is there counts, whatever the
   * quotas are now. Harmless where it does already.
   */
  async restore(upload: Omit<UploadRecord, "metadata">): Promise<void> {
    const { id, name, owner, declaredSize, durable } = upload;
    const wanted = { name, size: declaredSize ?? durable, by: { ...EVERYBODY, name: owner } };
    await this.#turns.take(async () => {
      if (!this.#held.has(id)) await this.#enter(id, wanted);
    });
  }

  /** What is reserved for this owner, and in all. */
  sums(owner: string): Growth {
    return this.#sumBut(undefined, owner);
  }

  /** Ends a reservation; harmless where there is none. */
  release(id: string): void {
    if (this.#held.delete(id)) this.#released++;
  }

  async #reserve(id: string, wanted: Wanted, quotas: Quotas): Promise<void> {
    const before = this.#held.get(id);
    for (;;) {
      const seen = this.#released;
      try {
        // As they are before the catalog is asked: one that is committed meanwhile may be counted twice then, but
        // never not at all.
        const others = this.#sumBut(id, wanted.by.name);
        const { account, growth } = await this.#enter(id, wanted);
        const used = sum(account, others);
        return insistOnQuotas(quotas, used, growth);
      } catch (thrown) {
        // Others that ended meanwhile may have been counted twice: once in the catalog, once here.
        const isStale = this.#released !== seen;
        // It may have ended itself, and nothing more is to be reserved then.
        if (before && !this.#held.has(id)) return;
        if (before) this.#held.set(id, before);
        else this.#held.delete(id);
        if (!isStale) throw thrown;
      }
    }
  }

  /** Reserves before it asks the catalog, so that others count it meanwhile. */
  async #enter(id: string, { name, size, by }: Wanted) {
    const pessimistic = { files: 1, bytes: size };
    const held = this.#held.get(id);
    const before = held?.growth ?? { owner: pessimistic, store: pessimistic };
    const most = Math.max(size, before.store.bytes);
    const entered = {
      ...before,
      owner: { ...before.owner, bytes: most },
      store: { ...before.store, bytes: most },
    };
    this.#held.set(id, { owner: by.name, size, growth: entered });
    const account = await this.#catalog.account(by.name, name);
    const growth = positive(growthOf(size, by.name, account.replaced));
    // It may have ended meanwhile.
    if (this.#held.has(id)) this.#held.set(id, { owner: by.name, size, growth });
    return { account, growth };
  }

  #sumBut(id: string | undefined, owner: string): Growth {
    const sums = { owner: { files: 0, bytes: 0 }, store: { files: 0, bytes: 0 } };
    for (const [other, { owner: whose, growth }] of this.#held) {
      if (other === id) continue;
      add(sums.store, growth.store);
      if (whose === owner) add(sums.owner, growth.owner);
    }
    return sums;
  }
}

function add(sums: { files: number; bytes: number }, { files, bytes }: Growth["store"]): void {
  sums.files += files;
  sums.bytes += bytes;
}

function sum(a: Growth, b: Growth): Growth {
  const one = (unit: "owner" | "store") => ({
    files: a[unit].files + b[unit].files,
    bytes: a[unit].bytes + b[unit].bytes,
  });
  return { owner: one("owner"), store: one("store") };
}

/** A smaller file frees nothing before it is committed. */
function positive({ owner, store }: Growth): Growth {
  const one = ({ files, bytes }: Growth["store"]) => ({ files, bytes: Math.max(0, bytes) });
  return { owner: one(owner), store: one(store) };
}
