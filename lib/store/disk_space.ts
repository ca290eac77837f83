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
  /** Told once why, where the first look cannot tell: nothing is kept then. Without it that is thrown. */
  readonly onUnknown?: ((reason: unknown) => void) | undefined;
}

/** The free space of the disk that a store is on. */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #free = 0;
  #lookedMs = -Infinity;
  #isUnknown = false;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** Bytes that stay free, as far as is known by now. */
  get reserve(): number {
    return this.#isUnknown ? 0 : this.#options.reserve;
  }

  /** Looks at the disk. */
  async look(): Promise<void> {
    const { clock, freeSpace, onUnknown } = this.#options;
    try {
      this.#free = await freeSpace();
      this.#lookedMs = clock.monotonicMs();
    } catch (thrown) {
      // Once it could be told, it is to be told.
      if (!onUnknown || this.#lookedMs > -Infinity) throw thrown;
      if (!this.#isUnknown) onUnknown(thrown);
      this.#isUnknown = true;
    }
  }

  /** Counts bytes that are about to be written. Throws `no_space` where they would go into the reserve. */
  async take(bytes: number): Promise<void> {
    await this.insistOn(bytes);
    this.#free -= bytes;
  }

  /** Throws `no_space` where there is no room for so many bytes beside the reserve; counts none. */
  async insistOn(bytes: number): Promise<void> {
    const { clock, reserve } = this.#options;
    if (this.#isUnknown) return;
    const isOld = clock.monotonicMs() - this.#lookedMs >= LOOK_EVERY_MS;
    if (isOld || this.#free - bytes < reserve) await this.look();
    if (this.#isUnknown || this.#free - bytes >= reserve) return;
    const free = Math.max(0, this.#free - reserve);
    throw new MorselError(
      "no_space",
      `The disk has ${free} bytes free beside the ${reserve} kept in reserve, and this needs ` +
        `${bytes}`,
      { detail: { free: String(free), reserve: String(reserve), needed: String(bytes) } },
    );
  }
}
