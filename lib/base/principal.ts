// Who asks, and what they may do: the outcome of authentication, on which rights and quotas are decided.

/** Every right there is; `write` includes `create`. */
export const RIGHTS = ["read", "list", "create", "write", "delete"] as const;

/** One thing a principal may be allowed to do; `create` without `write` is append-only. */
export type Right = (typeof RIGHTS)[number];

/** Who asks. It holds for a whole session; whoever ends a token ends its sessions. */
export interface Principal {
  /** The name of its token; "" for everybody, where no token is asked for. */
  readonly name: string;
  readonly rights: ReadonlySet<Right>;
  /** What its names begin with; "" for all names. The names outside do not exist for it. */
  readonly prefix: string;
  /** Milliseconds since 1970 from which on it is no longer let in; undefined for never. */
  readonly expiresMs?: number | undefined;
  /** Bytes that its files may have together, those under way included; undefined for no limit. */
  readonly quotaBytes?: number | undefined;
  /** Files it may have, those under way included; undefined for no limit. */
  readonly quotaFiles?: number | undefined;
  /** What its connections together may move, both ways, in bytes a second; undefined for no limit. */
  readonly bytesPerSecond?: number | undefined;
}

/** Whether a principal has a right, by itself or within another. */
export function may({ rights }: Pick<Principal, "rights">, right: Right): boolean {
  return rights.has(right) || (right === "create" && rights.has("write"));
}

/** Whether there is nothing that a principal may not do with any file. */
export function mayDoAll(principal: Pick<Principal, "rights" | "prefix">): boolean {
  return principal.prefix === "" && RIGHTS.every((right) => may(principal, right));
}

/** Everybody, where no token is asked for. */
export const EVERYBODY: Principal = { name: "", rights: new Set(RIGHTS), prefix: "" };
