// How many bytes of a download may be under way, and in what pieces, by what the link brings in a round trip. Knows no
// clock and no network: whoever has those tells it. The measurements behind its numbers are in bench/README.md.

/**
 * How many times what comes in a round trip may be under way. Once keeps a link busy; what goes beyond twice waits in
 * buffers on the way, which TCP fills in its beginning until they spill, and takes a fifth of a second to mend.
 */
const ROUND_TRIPS = 1.85;
/**
 * Bytes under way however little comes in a round trip: what a link of 1 Gbit/s and 100 ms holds, with buffers of its
 * own size. A sender that has sent all it may looks to TCP as if it had no more, and is slower than it could be.
 */
const STEADY_WINDOW = 22 * 1024 * 1024;
/** Bytes under way at most. */
const LAST_WINDOW = 64 * 1024 * 1024;
/**
 * The share of a round trip in which nothing comes when a packet was lost: TCP hands out what is behind one no sooner
 * than it was sent once more, and all of that fills the window.
 */
const SILENCE = 3 / 4;
/** Milliseconds that count as a round trip at least: in less, what comes tells of processors and not of a link. */
const LEAST_MS = 20;
/**
 * Bytes of a piece at most, each of which costs a request, a proof and an answer by itself. On a link that brings more
 * in 20 ms, as one inside a machine does, a piece may be as much, up to twice that: some are to fit a window.
 */
const STEADY_PIECE = 4 * 1024 * 1024;
const LAST_PIECE = 8 * 1024 * 1024;

/** What is known when bytes have arrived. */
export interface Arrival {
  /** The time, in milliseconds of a clock that never goes backwards. */
  readonly nowMs: number;
  /** How long the connection takes there and back, in milliseconds. */
  readonly roundTripMs: number;
  /** Whether all before them were taken by their consumer. */
  readonly isTaken: boolean;
}

/** What may be under way on one connection. */
export class LinkWindow {
  #lastMs: number | undefined;
  #total = 0;
  #roundStartMs = 0;
  #inRound = 0;
  /** What came in the round trip before this one. */
  #cameBefore = 0;
  #size = STEADY_WINDOW;
  #piece = STEADY_PIECE;

  /** So many bytes have come off the network. */
  arrived(size: number, { nowMs, roundTripMs, isTaken }: Arrival): void {
    if (this.#lastMs === undefined) this.#lastMs = this.#roundStartMs = nowMs;
    const roundMs = Math.max(LEAST_MS, roundTripMs);
    const isSilence = nowMs - this.#lastMs > SILENCE * roundMs;
    this.#lastMs = nowMs;
    this.#total += size;
    this.#inRound += size;
    // There are silences in TCP's beginning, too, and while a slow consumer is waited for. Once packets are lost TCP
    // goes by that, and what comes says little of the link.
    if (isSilence && isTaken && this.#total > STEADY_WINDOW) this.#size = LAST_WINDOW;
    const tookMs = nowMs - this.#roundStartMs;
    if (tookMs < roundMs) return;
    this.#endRound(this.#inRound * roundMs / tookMs, roundMs);
    this.#roundStartMs = nowMs;
    this.#inRound = 0;
  }

  #endRound(came: number, roundMs: number): void {
    // What was late, as somebody was busy, makes a round trip look like that of a better link, but not two together.
    const mean = (this.#cameBefore + came) / 2;
    const sure = Math.min(came, mean);
    this.#size = Math.min(LAST_WINDOW, Math.max(this.#size, ROUND_TRIPS * sure));
    this.#piece = Math.min(LAST_PIECE, Math.max(STEADY_PIECE, sure * LEAST_MS / roundMs));
    this.#cameBefore = came;
  }

  /** Bytes that may be under way. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that are to be asked for at once, at most. */
  get piece(): number {
    return this.#piece;
  }
}
