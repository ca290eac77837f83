// The log of changes of the catalog in memory.

import { toHex } from "../../lib/base/hex.ts";
import {
  type Change,
  type ChangeLog,
  type ChangePage,
  CHANGES_DROPPED_AT_ONCE,
  CHANGES_KEPT,
  CHANGES_LOOKED_THROUGH,
} from "../../lib/store/catalog.ts";
import { insistOnKept } from "../../lib/store/conditions.ts";

interface Entry {
  readonly key: string;
  readonly change: Change;
}

/** A {@linkcode ChangeLog} of which the catalog in memory consists to a part. */
export class MemoryChangeLog implements ChangeLog {
  /** What is kept, the oldest first. */
  readonly entries: Entry[] = [];
  readonly #kept: number;
  readonly #listeners = new Set<() => void>();
  #dropped = 0;

  constructor(kept: number = CHANGES_KEPT) {
    this.#kept = kept;
  }

  /** The sequence of the next change. */
  get next(): number {
    return this.#dropped + this.entries.length + 1;
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size;
  }

  add(key: Uint8Array, change: Change): void {
    this.entries.push({ key: toHex(key), change });
    if (change.sequence % CHANGES_DROPPED_AT_ONCE > 0) return;
    const surplus = Math.max(0, this.entries.length - this.#kept);
    this.entries.splice(0, surplus);
    this.#dropped += surplus;
  }

  /** Tells those who listen. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async last(): Promise<number> {
    return this.next - 1;
  }

  async page(
    since: number,
    { prefix, limit }: { readonly prefix: Uint8Array; readonly limit: number },
  ): Promise<ChangePage> {
    const last = this.next - 1;
    insistOnKept(since, { first: this.#dropped + 1, last });
    const until = Math.min(last, since + CHANGES_LOOKED_THROUGH);
    const changes = this.entries.slice(since - this.#dropped, until - this.#dropped)
      .filter(({ key }) => key.startsWith(toHex(prefix)))
      .map(({ change }) => change)
      .slice(0, limit);
    const through = changes.length < limit ? until : changes.at(-1)!.sequence;
    return { changes, through, more: through < last };
  }

  onChange(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}
