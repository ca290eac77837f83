// How many bytes of a transfer may be under way, by what a link brings in a round trip. Knows no clock and no network:
// whoever has those tells it. The measurements behind its numbers are in bench/README.md.

/**
 * How many times what came in a round trip at most may be under way. Once keeps a link busy; what goes beyond twice
 * waits in buffers on the way, which TCP fills in its beginning until they spill, and takes a fifth of a second to mend.
 */
const ROUND_TRIPS = 1.85;
/**
 * Bytes under way however little came in a round trip: what a link of 1 Gbit/s and 100 ms holds, with buffers of its
 * own size. A sender that has sent all it may looks to TCP as if it had no more, and is slower than it could be.
 */
const STEADY_WINDOW = 22 * 1024 * 1024;
/**
 * The share of the most in a round trip that comes in one with lost packets, or less. TCP hands out what is behind one
 * no sooner than it was sent once more, and all of that fills the window.
 */
const HELD_UP = 1 / 2;
/** Milliseconds that are counted as a round trip at least: in less, what comes tells of processors and not of a link. */
const LEAST_MS = 20;
/** Bytes under way at most. */
const LAST_WINDOW = 64 * 1024 * 1024;

/** What is known when bytes of a transfer have come through. */
export interface Arrival {
  /** The time, in milliseconds of a clock that never goes backwards. */
  readonly nowMs: number;
  /** How long the connection takes there and back, in milliseconds. */
  readonly roundTripMs: number;
  /** Whether all before them were taken by their consumer. */
  readonly isTaken: boolean;
}

/** What may be under way of one transfer on one connection. */
export class TransferWindow {
  #roundStartMs: number | undefined;
  #inRound = 0;
  /** The most that came in a round trip; Infinity once that says nothing of the link. */
  #most = 0;

  /** So many bytes have come off the network, here or, as is told, at the other end. */
  arrived(size: number, { nowMs, roundTripMs, isTaken }: Arrival): void {
    this.#roundStartMs ??= nowMs;
    this.#inRound += size;
    const tookMs = nowMs - this.#roundStartMs;
    const roundMs = Math.max(LEAST_MS, roundTripMs);
    if (tookMs < roundMs) return;
    const came = this.#inRound * roundMs / tookMs;
    // A consumer that is slow makes a link slow, too: nothing more is to be under way.
    const isHeldUp = isTaken && came < this.#most * HELD_UP;
    this.#most = isHeldUp ? Infinity : Math.max(this.#most, came);
    this.#roundStartMs = nowMs;
    this.#inRound = 0;
  }

  /** Bytes that may be under way. */
  get size(): number {
    return Math.min(LAST_WINDOW, Math.max(STEADY_WINDOW, ROUND_TRIPS * this.#most));
  }
}
