// Sees to it that no wait is endless (PROTOCOL.md 7): each wait of a connection is entered here with its
// deadline, and the connection is given up when one passes. One timer a connection, none a frame.

import type { Clock, StopTimer } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import { type Deadline, RATE_WINDOW_MS } from "./limits.ts";

/** What a timer may be late by on a machine that has nothing else to do, in milliseconds. */
const LEAST_LATE_MS = 50;

/** A wait that goes on. */
interface Wait {
  readonly deadline: Deadline;
  /** A count that grows with progress, such as bytes read. */
  readonly moved: () => number;
  count: number;
  changedMs: number;
  /** The count at times of the past, oldest first, back to the length of the rate's window. */
  samples: { atMs: number; count: number }[];
}

/** The deadlines of one connection. `onExpire` is called once, with a `deadline` error, and should close. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #onExpire: (error: MorselError) => void;
  readonly #waits = new Set<Wait>();
  #stopTimer: StopTimer | undefined;
  #nextTickMs = Infinity;
  #isStopped = false;

  constructor(clock: Clock, onExpire: (error: MorselError) => void) {
    this.#clock = clock;
    this.#onExpire = onExpire;
  }

  /** Enters a wait; the function that is returned ends it. `moved` is a count that grows with progress. */
  begin(deadline: Deadline, moved: () => number = () => 0): () => void {
    if (this.#isStopped) return () => {};
    const nowMs = this.#clock.monotonicMs();
    const count = moved();
    const samples = [{ atMs: nowMs, count }];
    const wait: Wait = { deadline, moved, count, changedMs: nowMs, samples };
    this.#waits.add(wait);
    this.#tickBy(nowMs + tickMs(deadline));
    return () => this.#waits.delete(wait);
  }

  /** Ends all waits; from now on there are none. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTimer?.();
    this.#waits.clear();
    this.#nextTickMs = Infinity;
  }

  /** Sees to a look at the waits by then. A tick that finds no wait is the last, so idle costs nothing. */
  #tickBy(atMs: number): void {
    if (atMs >= this.#nextTickMs) return;
    this.#stopTimer?.();
    this.#nextTickMs = atMs;
    this.#stopTimer = this.#clock.timer(
      Math.max(1, atMs - this.#clock.monotonicMs()),
      () => this.#tick(),
    );
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#nextTickMs;
    this.#nextTickMs = Infinity;
    for (const wait of this.#waits) {
      excuse(wait, lateMs, nowMs);
      const error = look(wait, nowMs);
      if (error) {
        this.stop();
        return this.#onExpire(error);
      }
    }
    for (const wait of this.#waits) this.#tickBy(nowMs + tickMs(wait.deadline));
  }
}

/** A deadline is looked at four times while it runs: it passes at most a quarter late. */
function tickMs(deadline: Deadline): number {
  return deadline.silenceMs / 4;
}

/**
 * Leaves out a time in which this process did not run, as on a busy machine or one that was asleep: what the other end
 * sent meanwhile is yet to be read, and a timer comes before that. A quarter of each deadline counts at every look, so
 * that all waits end.
 */
function excuse(wait: Wait, lateMs: number, nowMs: number): void {
  if (lateMs < LEAST_LATE_MS) return;
  const later = (atMs: number) => Math.min(atMs + lateMs, nowMs);
  wait.changedMs = later(wait.changedMs);
  wait.samples = wait.samples.map(({ atMs, count }) => ({ atMs: later(atMs), count }));
}

/** Notes the progress of a wait; returns the error when its deadline has passed. */
function look(wait: Wait, nowMs: number): MorselError | undefined {
  const { deadline, samples } = wait;
  const count = wait.moved();
  if (count !== wait.count) {
    wait.count = count;
    wait.changedMs = nowMs;
  }
  const silentMs = nowMs - wait.changedMs;
  if (silentMs >= deadline.silenceMs) {
    return expired(
      `No progress for ${seconds(silentMs)} while waiting for ${deadline.what}`,
      deadline,
    );
  }
  if (deadline.minRate === 0) return undefined;
  samples.push({ atMs: nowMs, count });
  while (samples.length > 1 && samples[1]!.atMs <= nowMs - RATE_WINDOW_MS) samples.shift();
  const oldest = samples[0]!;
  const spanMs = nowMs - oldest.atMs;
  if (spanMs < RATE_WINDOW_MS) return undefined;
  const rate = (count - oldest.count) * 1000 / spanMs;
  if (rate >= deadline.minRate) return undefined;
  return expired(
    `${
      Math.round(rate)
    } bytes a second are under the ${deadline.minRate} required while waiting for ${deadline.what}`,
    deadline,
  );
}

function expired(message: string, { what, silenceMs, minRate }: Deadline): MorselError {
  return new MorselError("deadline", message, {
    detail: { what, silenceMs: String(silenceMs), minRate: String(minRate) },
  });
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
