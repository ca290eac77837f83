// One direction of a link: packets that wait for their turn on the line and then for the time they travel.
// Knows no devices and no clock: whoever has those gives packets and asks for them back.

/** What a link is like. */
export interface LinkOptions {
  /** How long a packet travels, in milliseconds. */
  readonly delayMs: number;
  /** Bits a second that the line takes, in millions. */
  readonly megabitsPerSecond: number;
  /** Which share of the packets is lost, 0 to 1. */
  readonly loss: number;
  /** How long a packet may wait for the line, in milliseconds; one that would wait longer is dropped. */
  readonly queueMs: number;
  /** Numbers from 0 to 1. */
  readonly random: () => number;
}

/** The largest packet, in bytes. */
export const MOST_BYTES = 1500;
/** Packets that can be under way at once; a power of two. */
const MOST_PACKETS = 65536;

/** Packets on their way, in memory that is taken once. */
export class LinkQueue {
  /** Packets that were lost at random, and that found no room. */
  lost = 0;
  dropped = 0;
  readonly #options: LinkOptions;
  readonly #memory = new Uint8Array(MOST_PACKETS * MOST_BYTES);
  readonly #sizes = new Uint16Array(MOST_PACKETS);
  readonly #dueMs = new Float64Array(MOST_PACKETS);
  /** Packets that were taken in and let out, counted on and on. */
  #in = 0;
  #out = 0;
  /** When the line has sent all that waits. */
  #freeMs = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** When the next packet arrives; Infinity when none is under way. */
  get nextMs(): number {
    return this.#in === this.#out ? Infinity : this.#dueMs[this.#out % MOST_PACKETS]!;
  }

  /** Where the next packet is to be put, before `take` says that it is there. */
  get room(): Uint8Array<ArrayBuffer> {
    return this.#packet(this.#in, MOST_BYTES);
  }

  /** A packet of this size is in the room, at this time. */
  take(size: number, nowMs: number): void {
    const { delayMs, megabitsPerSecond, loss, queueMs, random } = this.#options;
    if (loss > 0 && random() < loss) return void this.lost++;
    const begins = Math.max(nowMs, this.#freeMs);
    const isFull = this.#in - this.#out >= MOST_PACKETS - 1;
    if (isFull || begins - nowMs > queueMs) return void this.dropped++;
    this.#freeMs = begins + size * 8 / (megabitsPerSecond * 1000);
    this.#dueMs[this.#in % MOST_PACKETS] = this.#freeMs + delayMs;
    this.#sizes[this.#in % MOST_PACKETS] = size;
    this.#in++;
  }

  /** The packet that has arrived by now, if one has; `removeFirst` lets it out. */
  first(nowMs: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.nextMs > nowMs) return undefined;
    return this.#packet(this.#out, this.#sizes[this.#out % MOST_PACKETS]!);
  }

  /** Lets the first packet out. */
  removeFirst(): void {
    this.#out++;
  }

  #packet(index: number, size: number): Uint8Array<ArrayBuffer> {
    const start = index % MOST_PACKETS * MOST_BYTES;
    return this.#memory.subarray(start, start + size);
  }
}
