// What a store holds, in numbers: of one owner, of all, and what it takes on the disk.

import { checkName } from "../base/names.ts";
import type { Catalog } from "./catalog.ts";
import type { Stored, Usage } from "./quota.ts";
import type { Reservations } from "./reservations.ts";

/** What somebody has. */
export interface Holding extends Usage {
  /** What quotas count beside it for uploads that have not ended; nothing where nothing is limited. */
  readonly reserved: Usage;
  /** Unfinished uploads that would survive a restart. */
  readonly uploads: number;
}

/** What a store holds. */
export interface Totals {
  readonly owner: Holding;
  readonly store: Holding;
  readonly stored: Stored;
}

/** What this owner and the store have now. */
export async function totalsOf(
  owner: string,
  { catalog, reservations }: { readonly catalog: Catalog; readonly reservations: Reservations },
): Promise<Totals> {
  const uploads = await catalog.uploads();
  const own = uploads.filter((upload) => upload.owner === owner);
  const stored = await catalog.stored();
  // An account is that of a name, too, but what is there does not depend on that.
  const account = await catalog.account(owner, checkName("-"));
  const reserved = reservations.sums(owner);
  return {
    owner: { ...account.owner, reserved: reserved.owner, uploads: own.length },
    store: { ...account.store, reserved: reserved.store, uploads: uploads.length },
    stored,
  };
}
