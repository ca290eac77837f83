// How far ahead of what has come a download asks, and in what pieces. Knows no clock and no network: whoever has those
// tells it. The measurements behind its numbers are in bench/README.md.

import { BLOCK_SIZE } from "../base/merkle.ts";

/** Bytes asked for before anybody wants to take them: most files whole, in one round trip. */
export const FIRST_LENGTH = 512 * 1024;

/** Bytes asked for ahead as soon as somebody wants them, at least. */
const FIRST_WINDOW = 4 * 1024 * 1024;
/**
 * How many bytes are asked for ahead for each that was taken. TCP sends three times as many in each round trip while
 * it finds out what a link takes, and what is asked for now is sent a round trip later.
 */
const AHEAD = 16;
/**
 * How many times what came in a round trip at most is asked for ahead. Once keeps a link busy; what goes beyond twice
 * waits in buffers on the way, which TCP fills in its beginning until they spill, and takes a fifth of a second to mend.
 */
const ROUND_TRIPS_AHEAD = 1.85;
/**
 * Bytes asked for ahead however little came in a round trip: what a link of 1 Gbit/s and 100 ms holds, with buffers of its own size. A
 * server that has sent all that was asked for looks to TCP as if it had no more, and is slower than it could be.
 */
const STEADY_WINDOW = 22 * 1024 * 1024;
/**
 * The share of the most in a round trip that comes in one with lost packets, or less. TCP hands out what is behind one no
 * sooner than it was sent once more, and all of that fills the window.
 */
const HELD_UP = 1 / 2;
/** Milliseconds that are counted as a round trip at least: in less, what comes tells of processors and not of a link. */
const LEAST_MS = 20;
/** Bytes asked for ahead at most. */
const LAST_WINDOW = 64 * 1024 * 1024;

/** What is known when bytes of a download arrive. */
export interface Arrival {
  /** The time, in milliseconds of a clock that never goes backwards. */
  readonly nowMs: number;
  /** How long the connection takes there and back, in milliseconds. */
  readonly roundTripMs: number;
  /** Whether all before them were taken by their consumer. */
  readonly isTaken: boolean;
}

/** How far ahead a download may ask on one connection. */
export class FetchWindow {
  #roundStartMs: number | undefined;
  #inRound = 0;
  /** The most that came in a round trip; Infinity once that says nothing of the link. */
  #most = 0;

  /** So many bytes have come off the network. */
  arrived(size: number, { nowMs, roundTripMs, isTaken }: Arrival): void {
    this.#roundStartMs ??= nowMs;
    this.#inRound += size;
    const tookMs = nowMs - this.#roundStartMs;
    const roundMs = Math.max(LEAST_MS, roundTripMs);
    if (tookMs < roundMs) return;
    const came = this.#inRound * roundMs / tookMs;
    // A consumer that is slow makes a link slow, too: nothing more is asked for.
    const isHeldUp = isTaken && came < this.#most * HELD_UP;
    this.#most = isHeldUp ? Infinity : Math.max(this.#most, came);
    this.#roundStartMs = nowMs;
    this.#inRound = 0;
  }

  /** Bytes that may be asked for ahead once so many were taken, by a disk or by somebody who reads slowly. */
  after(taken: number): number {
    const held = Math.max(STEADY_WINDOW, ROUND_TRIPS_AHEAD * this.#most);
    return Math.min(LAST_WINDOW, held, Math.max(FIRST_WINDOW, AHEAD * taken));
  }
}

/**
 * Which part of what was asked for before the next piece is, so that whoever waits for proven bytes waits for an
 * eighth of the time it took so far; and its most, so that there are some in a window.
 */
const PIECE_SHARE = 1 / 8;
const LARGEST_PIECE = 4 * 1024 * 1024;

/** Bytes of the piece that follows so many: whole blocks, at least one. */
export function pieceAfter(asked: number): number {
  const share = Math.min(LARGEST_PIECE, asked * PIECE_SHARE);
  return Math.max(1, Math.floor(share / BLOCK_SIZE)) * BLOCK_SIZE;
}
