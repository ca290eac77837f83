// A limit on the bytes a second of connections, all together and both ways. Reads are put off, and TCP then slows
// the sender down; writes go in pieces. A connection without a limit has no lanes, and pays nothing.

import type { Clock } from "./clock.ts";
import { Pace } from "./pace.ts";
import { wait } from "./wait.ts";

/** The lowest limit there is, in bytes a second: a peer's patience with a slow transfer is not endless. */
export const LEAST_RATE_LIMIT = 16 * 1024;

/**
 * What a connection gets at least however many share the limit, in bytes a second: twice the minimum
 * rate of PROTOCOL.md 7, so that a limit never looks like a peer that has stopped.
 */
const LEAST_SHARE = 2 * 1024;
/** The longest pause between two pieces, in milliseconds: far under every deadline of PROTOCOL.md 7. */
const LONGEST_PAUSE_MS = 5000;
/** Bytes that may go at once after a rest, as the milliseconds they would take. */
const BURST_MS = 100;
/** What is moved at a time, as the milliseconds it takes: fine enough to be a flow and not gusts. */
const PIECE_MS = 50;
const LEAST_PIECE = 4 * 1024;
const LARGEST_PIECE = 256 * 1024;

/** A limit that any number of connections share. */
export class RateLimit {
  /** The bytes a second that are not exceeded, but for {@linkcode LEAST_SHARE} of each connection. */
  readonly bytesPerSecond: number;
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #piece: number;

  /** Throws a RangeError below {@linkcode LEAST_RATE_LIMIT}. */
  constructor(clock: Clock, bytesPerSecond: number) {
    if (!(bytesPerSecond >= LEAST_RATE_LIMIT)) {
      throw new RangeError(
        `Cannot limit to ${bytesPerSecond} bytes a second as the least is ${LEAST_RATE_LIMIT}`,
      );
    }
    this.bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#pace = new Pace(clock, bytesPerSecond, {
      burstMs: BURST_MS,
      leastRate: LEAST_SHARE,
      longestMs: LONGEST_PAUSE_MS,
    });
    const piece = Math.floor(bytesPerSecond * PIECE_MS / 1000);
    this.#piece = Math.min(LARGEST_PIECE, Math.max(LEAST_PIECE, piece));
  }

  /** How long those who moved so many bytes have to pause, in milliseconds, `longestMs` at most. */
  charge(bytes: number, longestMs: number): number {
    return this.#pace.charge(bytes, longestMs);
  }

  /** How many bytes may be moved at a time now by one whose pauses are `longestMs` at most. */
  piece(longestMs: number): number {
    // The more stand in line, the less each may take, or a crowd of large pieces would go beyond the limit.
    const room = 1 - Math.max(0, this.#pace.debtMs) / longestMs;
    const least = Math.min(LEAST_PIECE, LEAST_SHARE * longestMs / 1000);
    return Math.floor(Math.max(least, this.#piece * room));
  }

  /** Settles after `ms` milliseconds. Throws the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return wait(this.#clock, ms, signal);
  }

  /** The time the pauses are measured by, in milliseconds. */
  get nowMs(): number {
    return this.#clock.monotonicMs();
  }
}

/** One direction of one connection, under all of its limits. What is small and rare does not wait in it. */
export class Lane {
  readonly #limits: readonly RateLimit[];
  readonly #longestMs: number;
  readonly #signal: AbortSignal;
  #freeMs = 0;

  /** There is one limit at least. Pauses are kept under a quarter of `stallMs`; `signal` ends them. */
  constructor(
    limits: readonly RateLimit[],
    { stallMs, signal }: { readonly stallMs: number; readonly signal: AbortSignal },
  ) {
    this.#limits = limits;
    this.#longestMs = Math.min(LONGEST_PAUSE_MS, stallMs / 4);
    this.#signal = signal;
  }

  /** Settles when more may be moved; returns how many bytes. Throws the signal's reason. */
  async next(): Promise<number> {
    const limit = this.#limits[0]!;
    const pauseMs = this.#freeMs - limit.nowMs;
    if (pauseMs > 0) await limit.wait(pauseMs, this.#signal);
    return Math.min(...this.#limits.map((each) => each.piece(this.#longestMs)));
  }

  /** Says that so many bytes were moved. */
  moved(bytes: number): void {
    const pauses = this.#limits.map((each) => each.charge(bytes, this.#longestMs));
    this.#freeMs = this.#limits[0]!.nowMs + Math.max(...pauses);
  }
}
