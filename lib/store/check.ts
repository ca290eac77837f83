// Reads a whole store again and compares every byte with the hashes recorded when it came, so that damage
// is found while the file can still be put again. Runs beside readers and writers.

import type { Clock } from "../base/clock.ts";
import type { Blobs } from "./blobs.ts";
import type { Catalog, StoredContent } from "./catalog.ts";
import { checkBlobContent, checkInlineContent } from "./check_content.ts";
import { type Damage, damageReason, type Fault } from "./damage.ts";
import { Pace } from "../base/pace.ts";

/** What a check has done so far. */
export interface CheckProgress {
  /** Contents that were read: several files may share one. */
  readonly contents: number;
  /** Bytes that were read. */
  readonly bytes: number;
  /** Things that were found wrong. */
  readonly damages: number;
}

/** What {@linkcode checkStore} works on, and whom it tells. */
export interface CheckOptions {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly clock: Clock;
  /** How fast it reads at most; as fast as it can when left out. */
  readonly rateBytesPerSecond?: number | undefined;
  /** Ends it; what was found by then was told. */
  readonly signal?: AbortSignal | undefined;
  /** Told of all that is wrong, once for each content. */
  readonly onDamage?: ((damage: Damage) => void) | undefined;
  /** Told after each content. */
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
  /** Told what the catalog has been told: `damage` for people, undefined where a mark was taken back. */
  readonly onMark?: ((content: StoredContent, damage: string | undefined) => void) | undefined;
}

// Contents read at a time: each may carry 64 KiB inline.
const PAGE = 16;

/**
 * Checks every content and every blob. A damaged content is marked in the catalog: reading it fails from
 * then on, and putting it again replaces it; where a marked one proves whole, the mark goes. Throws
 * `storage`, and the signal's reason.
 */
export async function checkStore(options: CheckOptions): Promise<CheckProgress> {
  return await new Check(options).run();
}

class Check {
  readonly #options: CheckOptions;
  readonly #pace: Pace;
  #contents = 0;
  #bytes = 0;
  #damages = 0;

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, options.rateBytesPerSecond ?? Infinity);
  }

  async run(): Promise<CheckProgress> {
    const { catalog, signal, onProgress } = this.#options;
    for (let after = 0;;) {
      const page = await catalog.contents(after, PAGE);
      for (const content of page) {
        signal?.throwIfAborted();
        await this.#judge(content, await this.#check(content));
        this.#contents++;
        onProgress?.(this.#progress());
      }
      if (page.length < PAGE) break;
      after = page.at(-1)!.id;
    }
    await this.#findStrays();
    return this.#progress();
  }

  #progress(): CheckProgress {
    return { contents: this.#contents, bytes: this.#bytes, damages: this.#damages };
  }

  #check(content: StoredContent): Promise<Fault | undefined> {
    const { catalog, blobs, signal } = this.#options;
    const onRead = async (bytes: number) => {
      this.#bytes += bytes;
      await this.#pace.take(bytes, signal);
    };
    const { place } = content;
    if (place.kind === "inline") return checkInlineContent(content, place.bytes, onRead);
    return checkBlobContent(content, place.id, { catalog, blobs, onRead });
  }

  async #judge(content: StoredContent, fault: Fault | undefined): Promise<void> {
    const { catalog, onDamage, onMark } = this.#options;
    if (!fault && content.damage === undefined) return;
    // Also what was removed or replaced while it was read looks damaged.
    if (!await this.#isThere(content)) return;
    const names = await catalog.namesOf(content.id);
    const damage = fault && { names, size: content.size, what: fault };
    const mark = damage && damageReason(damage);
    await catalog.markDamage(content, mark);
    onMark?.(content, mark);
    if (!damage) return;
    this.#damages++;
    onDamage?.(damage);
  }

  async #isThere({ id, place }: StoredContent): Promise<boolean> {
    const [found] = await this.#options.catalog.contents(id - 1, 1);
    if (found?.id !== id) return false;
    return idOf(found) === idOf({ place });
  }

  /** Published blobs that nothing names. By 256 beginnings of their ids, as there may be millions. */
  async #findStrays(): Promise<void> {
    const { blobs, catalog, signal, onDamage } = this.#options;
    for (let first = 0; first < 256; first++) {
      for (const id of await blobs.published(first.toString(16).padStart(2, "0"))) {
        signal?.throwIfAborted();
        if (await catalog.isNamed(id)) continue;
        // The row of one on its way comes before its blob, and goes after it.
        const reader = await blobs.open(id);
        if (!reader) continue;
        await reader.close();
        this.#damages++;
        onDamage?.({ names: [], size: reader.size, what: { kind: "stray", blob: id } });
      }
    }
  }
}

function idOf({ place }: Pick<StoredContent, "place">): string | undefined {
  return place.kind === "blob" ? place.id : undefined;
}
