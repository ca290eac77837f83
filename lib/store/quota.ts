// What an owner and the whole store may have, and whether a change keeps to it. Every catalog engine decides by
// these functions. Sizes are those of the names: what contents share with others does not show.

import { MorselError } from "../base/errors.ts";

/** Files, and their bytes together. */
export interface Usage {
  readonly files: number;
  readonly bytes: number;
}

/** The most there may be; undefined for no limit. */
export interface Quota {
  readonly files?: number | undefined;
  readonly bytes?: number | undefined;
}

/** What a change has to keep to. */
export interface Quotas {
  /** Of the one whose file it will be. */
  readonly owner: Quota;
  readonly store: Quota;
}

/** What there is where an owner wants to put a file. */
export interface Account {
  readonly owner: Usage;
  readonly store: Usage;
  /** The file that would be replaced. */
  readonly replaced?: { readonly owner: string; readonly size: number } | undefined;
}

/** By how much a change adds to each. */
export interface Growth {
  readonly owner: Usage;
  readonly store: Usage;
}

/** What the files of `owner` and of the store grow by when it puts `size` bytes where `replaced` is. */
export function growthOf(size: number, owner: string, replaced: Account["replaced"]): Growth {
  const store = replaced ? { files: 0, bytes: size - replaced.size } : { files: 1, bytes: size };
  return { owner: replaced && replaced.owner !== owner ? { files: 1, bytes: size } : store, store };
}

/** Whether a quota limits anything. */
export function isLimited({ owner, store }: Quotas): boolean {
  return [owner, store].some(({ files, bytes }) => files !== undefined || bytes !== undefined);
}

/** Throws `quota` when a change that adds something would lead beyond what is allowed. */
export function insistOnQuotas(quotas: Quotas, used: Growth, growth: Growth): void {
  insistOnQuota("The quota of its owner", quotas.owner, { used: used.owner, growth: growth.owner });
  insistOnQuota("The quota of the store", quotas.store, { used: used.store, growth: growth.store });
}

function insistOnQuota(
  whose: string,
  quota: Quota,
  { used, growth }: { readonly used: Usage; readonly growth: Usage },
): void {
  for (const unit of ["bytes", "files"] as const) {
    const limit = quota[unit];
    const needed = growth[unit];
    if (limit === undefined || needed <= 0 || used[unit] + needed <= limit) continue;
    const free = Math.max(0, limit - used[unit]);
    throw new MorselError(
      "quota",
      `${whose} has ${free} of ${limit} ${unit} free, and this needs ${needed}; ` +
        "remove files or unfinished uploads, or ask for more",
      { detail: { limit: unit, value: String(limit), free: String(free), needed: String(needed) } },
    );
  }
}
