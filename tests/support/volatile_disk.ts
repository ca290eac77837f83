// A disk with a volatile cache, as a test sees it: what was not synced is in the cache only, and when the
// power goes any part of it may have reached the platter or not. volatile_files.ts is `Files` on it.

import { randomNumbers } from "./content.ts";

/** What a disk writes or loses in one piece. */
const PAGE = 4096;

type Random = () => number;

/** A change of a file that is in the cache. */
type FileChange =
  | { readonly kind: "write"; readonly start: number; readonly bytes: Uint8Array }
  | { readonly kind: "cut"; readonly size: number };

/** A file, whatever its name is. */
export class VolatileFile {
  readonly kind = "file";
  /** Whether a sync of it has failed: then nobody may trust another one. */
  syncFailed = false;
  #current: Uint8Array;
  #durable: Uint8Array;
  #unsynced: FileChange[] = [];

  constructor(durable: Uint8Array = new Uint8Array(0)) {
    this.#current = this.#durable = durable;
  }

  /** What programs see. */
  get bytes(): Uint8Array {
    return this.#current;
  }

  /** Writes into the cache, or cuts there. */
  change(change: FileChange): void {
    this.#current = applied(this.#current, change);
    this.#unsynced.push(change);
  }

  /** What was written is on the platter now. */
  sync(): void {
    for (const change of this.#unsynced) this.#durable = applied(this.#durable, change);
    this.#unsynced = [];
  }

  /** As systems do: what could not be written counts as clean, and no later sync writes it. */
  failSync(): void {
    this.syncFailed = true;
    this.#unsynced = [];
  }

  /** What is there when the power is back. */
  surviving(random: Random): VolatileFile {
    let bytes = this.#durable;
    for (const change of survivors(this.#unsynced, random)) bytes = applied(bytes, change);
    return new VolatileFile(bytes);
  }
}

/** A change of a folder's entries that is in the cache; without a node a removal. */
interface EntryChange {
  readonly name: string;
  readonly node: VolatileNode | undefined;
  /** The other half of a rename. File systems with a journal never lose a file between the two. */
  readonly onlyWith?: EntryChange;
  isDurable: boolean;
}

/** What one power cut does. */
interface Loss {
  readonly random: Random;
  /** The changes of entries that reach the platter. */
  readonly kept: ReadonlySet<EntryChange>;
  /** What has become of each file and folder: one may have two names after a rename. */
  readonly nodes: Map<VolatileNode, VolatileNode>;
}

/** A folder. */
export class VolatileFolder {
  readonly kind = "folder";
  /** What programs see. */
  readonly entries = new Map<string, VolatileNode>();
  readonly #durable = new Map<string, VolatileNode>();
  #unsynced: EntryChange[] = [];

  /** Sets an entry in the cache or, without a node, removes it. */
  change(name: string, node: VolatileNode | undefined, onlyWith?: EntryChange): EntryChange {
    const change = { name, node, isDurable: false, ...(onlyWith && { onlyWith }) };
    this.#unsynced.push(change);
    set(this.entries, change);
    return change;
  }

  /** The entries are on the platter now; not what they lead to. */
  sync(): void {
    for (const change of this.#unsynced) this.#settle(change);
    this.#unsynced = [];
  }

  /** Of the changes in the cache, those that reach the platter as the power goes. */
  survivors(random: Random): EntryChange[] {
    const all = random() < 0.25;
    return this.#unsynced.filter(() => all || random() < 0.5);
  }

  /** What is there when the power is back, here and below. */
  surviving(loss: Loss): VolatileFolder {
    const copy = new VolatileFolder();
    const entries = new Map(this.#durable);
    for (const change of this.#unsynced) if (loss.kept.has(change)) set(entries, change);
    for (const [name, node] of entries) {
      const below = loss.nodes.get(node) ??
        (node.kind === "file" ? node.surviving(loss.random) : node.surviving(loss));
      loss.nodes.set(node, below);
      copy.#durable.set(name, below);
      copy.entries.set(name, below);
    }
    return copy;
  }

  #settle(change: EntryChange): void {
    change.isDurable = true;
    set(this.#durable, change);
  }
}

/** What a path leads to. */
export type VolatileNode = VolatileFile | VolatileFolder;

/** A disk as it is at one time. */
export class VolatileDisk {
  readonly root: VolatileFolder;

  constructor(root = new VolatileFolder()) {
    this.root = root;
  }

  /** The disk after a power cut: of what was not synced it has any part, another one for each seed. */
  cut(seed: number): VolatileDisk {
    const random = randomNumbers(seed);
    const kept = new Set(foldersBelow(this.root).flatMap((folder) => folder.survivors(random)));
    for (const change of kept) {
      const { onlyWith } = change;
      if (onlyWith && !onlyWith.isDurable && !kept.has(onlyWith)) kept.delete(change);
    }
    return new VolatileDisk(this.root.surviving({ random, kept, nodes: new Map() }));
  }
}

function foldersBelow(folder: VolatileFolder): VolatileFolder[] {
  const below = [...folder.entries.values()].filter((node) => node.kind === "folder");
  return [folder, ...below.flatMap(foldersBelow)];
}

function set(entries: Map<string, VolatileNode>, { name, node }: EntryChange): void {
  if (node) entries.set(name, node);
  else entries.delete(name);
}

function applied(bytes: Uint8Array, change: FileChange): Uint8Array {
  if (change.kind === "cut") {
    const cut = new Uint8Array(change.size);
    cut.set(bytes.subarray(0, change.size));
    return cut;
  }
  const grown = new Uint8Array(Math.max(bytes.length, change.start + change.bytes.length));
  grown.set(bytes);
  grown.set(change.bytes, change.start);
  return grown;
}

/** Nothing, all, those up to a moment, or any pages. */
function survivors(changes: readonly FileChange[], random: Random): FileChange[] {
  const pages = changes.flatMap(pagesOf);
  const kind = random();
  if (kind < 0.2) return [];
  if (kind < 0.4) return pages;
  if (kind < 0.6) return pages.slice(0, random() * (pages.length + 1));
  return pages.filter(() => random() < 0.5);
}

function pagesOf(change: FileChange): FileChange[] {
  if (change.kind === "cut") return [change];
  const pages: FileChange[] = [];
  const end = change.start + change.bytes.length;
  for (let start = change.start; start < end;) {
    const pageEnd = Math.min(end, (Math.floor(start / PAGE) + 1) * PAGE);
    const bytes = change.bytes.subarray(start - change.start, pageEnd - change.start);
    pages.push({ kind: "write", start, bytes });
    start = pageEnd;
  }
  return pages;
}
