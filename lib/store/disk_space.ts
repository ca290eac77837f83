// Keeps some of the disk free: new bytes are refused before it is full, as a full disk harms more than uploads.

import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";

/** How long a look at the disk holds, in milliseconds: what others write meanwhile is not seen. */
const LOOK_EVERY_MS = 1000;

/** What a {@linkcode DiskSpace} needs. */
export interface DiskSpaceOptions {
  readonly clock: Clock;
  /** Bytes that stay free. */
  readonly reserve: number;
  /** Bytes that are free on the disk now. */
  readonly freeSpace: () => Promise<number>;
}

/** The free space of the disk that a store is on. */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #free = 0;
  #lookedMs = -Infinity;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** Counts bytes that are about to be written. Throws `no_space` where they would go into the reserve. */
  async take(bytes: number): Promise<void> {
    await this.insistOn(bytes);
    this.#free -= bytes;
  }

  /** Throws `no_space` where there is no room for so many bytes beside the reserve; counts none. */
  async insistOn(bytes: number): Promise<void> {
    const { clock, reserve, freeSpace } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS || this.#free - bytes < reserve) {
      this.#free = await freeSpace();
      this.#lookedMs = nowMs;
    }
    if (this.#free - bytes >= reserve) return;
    const free = Math.max(0, this.#free - reserve);
    throw new MorselError(
      "no_space",
      `The disk has ${free} bytes free beside the ${reserve} kept in reserve, and this needs ` +
        `${bytes}`,
      { detail: { free: String(free), reserve: String(reserve), needed: String(bytes) } },
    );
  }
}
