// What the owner of a catalog has looked up last. A fast path of Morsel: asking SQLite costs a small request more
// than all that the server does besides. Only whoever makes every change can know that nothing has changed.

import type { CheckedName } from "../base/names.ts";
import type { StoredFile } from "./catalog.ts";

/** Bytes of names and contents that the owner of a catalog remembers. */
export const OWNER_REMEMBERS = 8 * 1024 * 1024;
/** What a remembered file takes beside its name and content, in bytes. */
const OVERHEAD = 1024;
/** Names that were asked for once; only one that is asked for again while it is among them is worth remembering. */
const MOST_ONCE = 4096;

/** Files by name, the first remembered first: those are forgotten first. */
export class RecentFiles {
  readonly #mostBytes: number;
  readonly #files = new Map<string, StoredFile>();
  readonly #once = new Set<string>();
  #bytes = 0;

  /** Remembers so many bytes of names and contents; with 0 nothing. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /**
   * The file as it was remembered, undefined for any other. The name need not have been checked, which costs more than
   * this: whatever it is, it is the same as one that was.
   */
  recall(name: string): StoredFile | undefined {
    return this.#files.get(name);
  }

  /** The file as it was remembered, or as it is looked up; what it holds is not to be changed. */
  find(name: CheckedName, lookUp: () => StoredFile | undefined): StoredFile | undefined {
    const key = keyOf(name);
    const known = this.#files.get(key);
    if (known) return known;
    const found = lookUp();
    if (found && this.#isAskedAgain(key)) this.#remember(key, found);
    return found;
  }

  /** To be called with every change of the file of this name. */
  forget(name: CheckedName): void {
    this.#drop(keyOf(name));
  }

  /** To be called where contents change and not names. */
  forgetAll(): void {
    this.#files.clear();
    this.#bytes = 0;
  }

  #isAskedAgain(key: string): boolean {
    if (this.#mostBytes === 0) return false;
    if (this.#once.delete(key)) return true;
    if (this.#once.size >= MOST_ONCE) this.#once.clear();
    this.#once.add(key);
    return false;
  }

  #remember(key: string, stored: StoredFile): void {
    this.#files.set(key, stored);
    this.#bytes += sizeOf(stored);
    for (const first of this.#files.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.#drop(first);
    }
  }

  #drop(key: string): void {
    const stored = this.#files.get(key);
    if (!stored) return;
    this.#files.delete(key);
    this.#bytes -= sizeOf(stored);
  }
}

/** Equal names have equal keys as text, too (PROTOCOL.md 2.5). */
function keyOf({ name }: CheckedName): string {
  return name.normalize("NFC");
}

function sizeOf({ file, place }: StoredFile): number {
  return OVERHEAD + 2 * file.name.length + (place.kind === "inline" ? place.bytes.length : 0);
}
