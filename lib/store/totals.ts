// What a store holds, in numbers: of one owner, of all, and what it takes on the disk.

import type { Catalog, CatalogTotals, Tally } from "./catalog.ts";
import type { Usage } from "./quota.ts";
import type { Reservations } from "./reservations.ts";

/** What somebody has. */
export interface Holding extends Tally {
  /** What quotas count beside it for uploads that have not ended; nothing where nothing is limited. */
  readonly reserved: Usage;
}

/** What a store holds. */
export interface Totals extends CatalogTotals {
  readonly owner: Holding;
  readonly store: Holding;
}

/** What this owner and the store have now. */
export async function totalsOf(
  owner: string,
  { catalog, reservations }: {
    readonly catalog: Pick<Catalog, "totals">;
    readonly reservations: Reservations;
  },
): Promise<Totals> {
  const totals = await catalog.totals(owner);
  const reserved = reservations.sums(owner);
  return {
    ...totals,
    owner: { ...totals.owner, reserved: reserved.owner },
    store: { ...totals.store, reserved: reserved.store },
  };
}
