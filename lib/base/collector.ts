// Memory that the garbage collector does not come round to by itself: it goes by what lives in its heap, of which
// buffers and what is native are no part.

/** Memory that is asked for and never touched costs nothing, but counts as pressure. */
const PRESSURE_BYTES = 64 * 2 ** 20;

/** Lets the collector take its turn each time that so much has been left behind, in whatever it is counted. */
export class CollectorTurns {
  readonly #each: number;
  #left = 0;

  constructor(each: number) {
    this.#each = each;
  }

  /** So much more will be left behind. */
  add(count: number): void {
    this.#left += count;
    if (this.#left < this.#each) return;
    this.#left = 0;
    try {
      new ArrayBuffer(PRESSURE_BYTES);
    } catch {
      // So much cannot be had: the collector has just had its turn to find it.
    }
  }
}

/** Gives the memory of bytes back at once; nobody may look at them again. Where others share it nothing happens. */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}
