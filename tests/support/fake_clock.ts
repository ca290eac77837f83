// A clock that stands still until a test moves it.

import { setImmediate } from "node:timers";
import type { Clock, StopTimer } from "../../lib/base/clock.ts";
import { nodeCrypto } from "../../lib/base/node_crypto.ts";

// Where time stands still nothing is to be waited for that takes real time, as a hash by WebCrypto does.
nodeCrypto();

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** Time as a test says it is. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  readonly #timers = new Set<Timer>();

  /** `startMs` is the first `now`, milliseconds since 1970. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = this.#startMs = startMs;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Whole, as that of a system is, also where a timer has rung between two. */
  now(): number {
    return Math.floor(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  timer(afterMs: number, task: () => void): StopTimer {
    const timer = { atMs: this.#nowMs + afterMs, task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  holdingTimer(afterMs: number, task: () => void): StopTimer {
    return this.timer(afterMs, task);
  }

  /** As it really is: what is ready to run is no matter of time. */
  soon(task: () => void): void {
    setImmediate(task);
  }

  /** Lets `ms` go by: runs each timer at its time, and what follows from it before the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#due(endMs); next; next = this.#due(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.task();
      await settled();
    }
    this.#nowMs = endMs;
    await settled();
  }

  /** Lets `ms` go by in which nothing runs, as when the machine is busy or asleep; what is due then runs late. */
  async sleep(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = [...this.#timers].filter(({ atMs }) => atMs <= this.#nowMs);
    for (const timer of due) if (this.#timers.delete(timer)) timer.task();
    await settled();
  }

  #due(endMs: number): Timer | undefined {
    return [...this.#timers].filter((timer) => timer.atMs <= endMs)
      .sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** Settles when all that is ready to run has run, and what that made ready. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
