// The log of changes of the catalog in memory.

import { toHex } from "../../lib/base/hex.ts";
import {
  type Change,
  CHANGE_BYTES_KEPT,
  type ChangeLog,
  type ChangePage,
  CHANGES_DROPPED_AT_ONCE,
  CHANGES_KEPT,
  CHANGES_LOOKED_THROUGH,
  type LogKept,
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
  readonly #kept: { readonly changes: number; readonly bytes: number };
  readonly #listeners = new Set<() => void>();
  #dropped = 0;
  #bytes = 0;

  constructor({ changes = CHANGES_KEPT, bytes = CHANGE_BYTES_KEPT }: LogKept = {}) {
    this.#kept = { changes, bytes };
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
    const entry = { key: toHex(key), change };
    this.entries.push(entry);
    this.#bytes += sizeOf(entry);
    if (change.sequence % CHANGES_DROPPED_AT_ONCE === 0) {
      this.#drop(Math.max(0, this.entries.length - this.#kept.changes));
    }
    while (this.#bytes > this.#kept.bytes) this.#drop(1);
  }

  #drop(count: number): void {
    for (const entry of this.entries.splice(0, count)) this.#bytes -= sizeOf(entry);
    this.#dropped += count;
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

/** What may be long of an entry, in bytes. */
function sizeOf({ key, change }: Entry): number {
  const { name, metadata } = change.kind === "put" ? change.file : { ...change, metadata: "" };
  return key.length / 2 + utf8.encode(name + (metadata && JSON.stringify(metadata))).length;
}

const utf8 = new TextEncoder();
