// Which blobs are being read, in this process and in its workers, so that none of them goes before its readers:
// neither its bytes nor its leaf hashes. And the end of those that nothing needs any more.

import type { Blobs } from "./blobs.ts";
import type { Catalog } from "./catalog.ts";

interface Use {
  readers: number;
  isGarbage: boolean;
  damage: string | undefined;
}

/** A blob that stays until it is let go. */
export interface HeldBlob {
  /** What was found wrong with it meanwhile, for people. */
  readonly damage: string | undefined;
  /** Lets it go; once only. Never fails. */
  release(): Promise<void>;
}

/** Another process that reads the blobs of this one. Its methods must not throw. */
export interface OtherReader {
  /** Nothing names this blob any more, nor will it; `hold` is to be released once nobody there reads it. */
  letGo(id: string, hold: HeldBlob): void;
  /** What was found wrong with a blob. */
  damage(id: string, damage: string | undefined): void;
}

/** What {@linkcode HeldBlobs} removes blobs from. */
export interface HeldBlobsParts {
  readonly catalog: Pick<Catalog, "forgetGarbage">;
  readonly blobs: Pick<Blobs, "remove">;
}

/** The blobs of a store that are being read or removed. */
export class HeldBlobs {
  readonly #parts: HeldBlobsParts;
  readonly #uses = new Map<string, Use>();
  readonly #going = new Set<string>();
  readonly #others = new Set<OtherReader>();

  constructor(parts: HeldBlobsParts) {
    this.#parts = parts;
  }

  /** Asks another process from now on before a blob is removed; call what is returned when it has ended. */
  share(reader: OtherReader): () => void {
    this.#others.add(reader);
    return () => void this.#others.delete(reader);
  }

  /** Keeps a blob from being removed; undefined when it is on its way out already. */
  hold(id: string): HeldBlob | undefined {
    if (this.#going.has(id)) return undefined;
    const use = this.#uses.get(id) ?? { readers: 0, isGarbage: false, damage: undefined };
    this.#uses.set(id, use);
    use.readers++;
    return {
      get damage() {
        return use.damage;
      },
      release: async () => {
        if (--use.readers > 0) return;
        this.#uses.delete(id);
        if (use.isGarbage) await this.#remove([id]);
      },
    };
  }

  /** Tells those who read a blob what is wrong with it; undefined that it is whole after all. */
  setDamage(id: string, damage: string | undefined): void {
    const use = this.#uses.get(id);
    if (use) use.damage = damage;
    for (const other of this.#others) other.damage(id, damage);
  }

  /**
   * Removes these blobs and then forgets them, in that order, so that a crash between the two only makes
   * it happen again; those that are being read, when they are let go. Never fails: what could not be
   * removed stays in the catalog's list for the next start.
   */
  async removeGarbage(ids: readonly string[]): Promise<void> {
    for (const other of this.#others) {
      for (const id of ids) {
        const hold = this.hold(id);
        if (hold) other.letGo(id, hold);
      }
    }
    await this.#remove(ids);
  }

  async #remove(ids: readonly string[]): Promise<void> {
    const free = ids.filter((id) => !this.#isRead(id));
    for (const id of free) this.#going.add(id);
    const removed: string[] = [];
    for (const id of free) {
      try {
        await this.#parts.blobs.remove(id);
        removed.push(id);
      } catch {
        // The change itself is done and durable; its caller must not hear of this as a failure of it.
      }
    }
    try {
      if (removed.length > 0) await this.#parts.catalog.forgetGarbage(removed);
    } catch {
      // As above: they are removed once more, without harm.
    }
    for (const id of free) this.#going.delete(id);
  }

  #isRead(id: string): boolean {
    const use = this.#uses.get(id);
    if (use) use.isGarbage = true;
    return use !== undefined;
  }
}
