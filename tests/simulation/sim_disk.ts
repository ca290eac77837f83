// A disk in memory with a volatile cache: what was not synced is lost in part when the power goes. Of folders
// it keeps entries, of files bytes; a crash keeps any of the changes that were not synced.

import type { SimRandom } from "./random.ts";

/** A disk keeps or loses its cache in units of this many bytes. */
const PAGE = 4096;

/** A file: what programs see, and what is on the platter. */
export class DiskFile {
  readonly kind = "file";
  modifiedMs: number;
  #seen: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #size = 0;
  #durable: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Writes and cuts since the last sync, in their order. */
  #dirty: { start: number; end: number }[] = [];

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** What programs see. */
  get bytes(): Uint8Array {
    return this.#seen.subarray(0, this.#size);
  }

  /** Writes into the cache. */
  write(bytes: Uint8Array, start: number): void {
    const end = start + bytes.length;
    this.#seen = withRoom(this.#seen, end);
    this.#seen.set(bytes, start);
    this.#size = Math.max(this.#size, end);
    this.#dirty.push({ start, end });
  }

  /** Cuts in the cache. */
  truncate(size: number): void {
    this.#seen.fill(0, size);
    this.#size = size;
    this.#dirty.push({ start: size, end: size });
  }

  /** What a sync that begins now has to make durable. */
  beginSync(): () => void {
    const size = this.#size;
    // What was written and then cut off is of no interest any more.
    const dirty = this.#dirty.filter(({ start }) => start < size);
    this.#dirty = [];
    const bytes = dirty.map(({ start, end }) => this.#seen.slice(start, end));
    return () => {
      this.#durable = withRoom(this.#durable, size).slice(0, size);
      dirty.forEach(({ start, end }, index) =>
        this.#durable.set(bytes[index]!.subarray(0, Math.min(end, size) - start), start)
      );
    };
  }

  /** The power has gone: some of the pages that were not synced are on the platter all the same. */
  losePower(random: SimRandom): void {
    const all = random.chance(0.3);
    for (const { start, end } of this.#dirty) {
      if (start === end && random.chance(0.5)) this.#durable = this.#durable.slice(0, end);
      for (let page = start; page < end; page += PAGE) {
        if (!all && random.chance(0.5)) continue;
        const pageEnd = Math.min(page + PAGE, end, this.#size);
        if (pageEnd <= page) continue;
        if (this.#durable.length < pageEnd) {
          const longer = new Uint8Array(pageEnd);
          longer.set(this.#durable);
          this.#durable = longer;
        }
        this.#durable.set(this.#seen.subarray(page, pageEnd), page);
      }
    }
    this.#dirty = [];
    this.#seen = this.#durable.slice();
    this.#size = this.#seen.length;
  }
}

/** A change of a folder's entries that is in the cache only. */
interface EntryChange {
  readonly folder: DiskFolder;
  readonly name: string;
  readonly node: DiskNode | undefined;
  /** Of a rename: the new entry, without which the old one does not go. */
  readonly together?: EntryChange;
  isDurable: boolean;
}

/** A folder: what programs see, and what is on the platter. */
export class DiskFolder {
  readonly kind = "folder";
  readonly modifiedMs = 0;
  readonly size = 0;
  readonly entries = new Map<string, DiskNode>();
  readonly #durable = new Map<string, DiskNode>();
  #changes: EntryChange[] = [];

  /** Sets or, without a node, removes an entry in the cache. */
  change(name: string, node: DiskNode | undefined, together?: EntryChange): EntryChange {
    const change: EntryChange = {
      folder: this,
      name,
      node,
      isDurable: false,
      ...(together && { together }),
    };
    this.#changes.push(change);
    put(this.entries, change);
    return change;
  }

  /** What a sync that begins now has to make durable. */
  beginSync(): () => void {
    const changes = [...this.#changes];
    return () => changes.forEach((change) => makeDurable(change));
  }

  /** The power has gone: some of the changes that were not synced are on the platter all the same. */
  losePower(random: SimRandom): void {
    for (const change of [...this.#changes]) {
      if (!change.isDurable && random.chance(0.5)) makeDurable(change);
    }
    this.forget();
  }

  /** Shows what is on the platter, here and below. */
  restore(random: SimRandom): void {
    this.entries.clear();
    for (const [name, node] of this.#durable) {
      this.entries.set(name, node);
      if (node.kind === "folder") node.restore(random);
      else node.losePower(random);
    }
  }

  /** Changes that are durable, or lost, are no changes any more. */
  forget(): void {
    this.#changes = [];
  }

  /** @internal Used by `makeDurable` only. */
  settle(change: EntryChange): void {
    put(this.#durable, change);
    this.#changes = this.#changes.filter((other) => other !== change);
  }
}

/** What a path leads to. */
export type DiskNode = DiskFile | DiskFolder;

/** All folders below one, itself first. */
export function foldersOf(folder: DiskFolder): DiskFolder[] {
  const below = [...folder.entries.values()].filter((node) => node.kind === "folder");
  return [folder, ...below.flatMap(foldersOf)];
}

/** File systems with a journal never show a renamed file nowhere: the new entry comes first. */
function makeDurable(change: EntryChange): void {
  if (change.isDurable) return;
  if (change.together) makeDurable(change.together);
  change.isDurable = true;
  change.folder.settle(change);
}

function put(entries: Map<string, DiskNode>, { name, node }: EntryChange): void {
  if (node) entries.set(name, node);
  else entries.delete(name);
}

function withRoom(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (bytes.length >= size) return bytes;
  const larger = new Uint8Array(Math.max(size, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}
