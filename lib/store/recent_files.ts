// What the owner of a catalog has looked up last. A fast path of Morsel: asking SQLite costs a small request more
// than all that the server does besides. Only whoever makes every change can know that nothing has changed.

import type { CheckedName } from "../base/names.ts";
import type { Metadata, StoredFile } from "./catalog.ts";
import { Recent } from "./recent.ts";

/** Bytes of names, contents and metadata that the owner of a catalog remembers. */
export const OWNER_REMEMBERS = 8 * 1024 * 1024;
/** What a remembered file takes beside its name, content and metadata, in bytes. */
const OVERHEAD = 1024;
/** What a key of metadata and its text take in memory beside their characters, in bytes: 40 to 160 were measured. */
const KEY_OVERHEAD = 160;

/** Files by name. */
export class RecentFiles {
  readonly #files: Recent<StoredFile>;

  /** Remembers so many bytes of names, contents and metadata; with 0 nothing. */
  constructor(mostBytes: number) {
    this.#files = new Recent(mostBytes, sizeOf);
  }

  /**
   * The file as it was remembered, undefined for any other. The name need not have been checked, which costs more than
   * this: whatever it is, it is the same as one that was.
   */
  recall(name: string): StoredFile | undefined {
    return this.#files.recall(name);
  }

  /** The file as it was remembered, or as it is looked up; what it holds is not to be changed. */
  find(name: CheckedName, lookUp: () => StoredFile | undefined): StoredFile | undefined {
    const key = keyOf(name);
    const known = this.#files.recall(key);
    if (known) return known;
    const found = lookUp();
    if (found) this.#files.offer(key, found);
    return found;
  }

  /** To be called with every change of the file of this name. */
  forget(name: CheckedName): void {
    this.#files.forget(keyOf(name));
  }

  /** To be called where contents change and not names. */
  forgetAll(): void {
    this.#files.forgetAll();
  }
}

/** Equal names have equal keys as text, too (PROTOCOL.md 2.5). */
function keyOf({ name }: CheckedName): string {
  return name.normalize("NFC");
}

function sizeOf({ file, place }: StoredFile): number {
  const content = place.kind === "inline" ? place.bytes.length : 0;
  return OVERHEAD + 2 * file.name.length + content + sizeOfMetadata(file.metadata);
}

/** As an object, which takes many times what it takes in a row or a frame. */
function sizeOfMetadata(metadata: Metadata): number {
  let size = 0;
  for (const key in metadata) size += KEY_OVERHEAD + 2 * (key.length + metadata[key]!.length);
  return size;
}
