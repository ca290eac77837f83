// Simulated time: one queue of events for everything that happens, and a scheduler that goes on to the next
// event only when all that followed from the last one has run.

import { setImmediate } from "node:timers";
import type { Clock, StopTimer } from "../../lib/base/clock.ts";

/** The simulated time at which every run begins, milliseconds since 1970. */
const START_MS = Date.UTC(2026, 0, 1);

interface Event {
  readonly atMs: number;
  /** Events of one time happen in the order in which they were asked for. */
  readonly turn: number;
  readonly task: () => void;
  stopped: boolean;
}

/** Nothing can happen any more, or the limit of simulated time is reached, and the run has not ended. */
export class StandstillError extends Error {
  /** `StandstillError`. */
  override name = "StandstillError";
}

/** The time of a simulated world. Its processes have clocks that show it. */
export class SimClock {
  readonly #events: Event[] = [];
  #nowMs = 0;
  #turn = 0;
  #steps = 0;
  #fingerprint = 0;
  readonly #hooks: { step: number; task: () => void }[] = [];

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Milliseconds since 1970. */
  get dateMs(): number {
    return START_MS + Math.floor(this.#nowMs);
  }

  /** How many events have happened. */
  get steps(): number {
    return this.#steps;
  }

  /** A number made of the times and turns of all events so far: equal runs have equal ones. */
  get fingerprint(): string {
    return this.#fingerprint.toString(16).padStart(8, "0");
  }

  /** Lets `task` happen `afterMs` from now, unless it is stopped before. */
  at(afterMs: number, task: () => void): StopTimer {
    const atMs = this.#nowMs + Math.max(0, afterMs);
    const event: Event = { atMs, turn: this.#turn++, task, stopped: false };
    push(this.#events, event);
    return () => void (event.stopped = true);
  }

  /** Lets `task` happen right after the event that is `steps` from now: in the thick of it. */
  afterSteps(steps: number, task: () => void): void {
    this.#hooks.push({ step: this.#steps + steps, task });
  }

  /** Lets events happen until `main` settles; returns what it returns. */
  async run<T>(main: Promise<T>, limitMs: number): Promise<T> {
    let settled = false;
    const ended = () => void (settled = true);
    main.then(ended, ended);
    await quiet();
    while (!settled) {
      this.#step(limitMs);
      await quiet();
      await this.#runHooks();
    }
    return await main;
  }

  #step(limitMs: number): void {
    let event = pop(this.#events);
    while (event?.stopped) event = pop(this.#events);
    if (!event) throw new StandstillError("Nothing can happen any more");
    if (event.atMs > limitMs) throw new StandstillError(`No end after ${limitMs / 3_600_000} h`);
    this.#nowMs = event.atMs;
    this.#steps++;
    const mixed = Math.imul(this.#fingerprint ^ event.turn, 0x01000193);
    this.#fingerprint = (mixed ^ Math.floor(event.atMs * 1000)) >>> 0;
    event.task();
  }

  async #runHooks(): Promise<void> {
    for (let index = 0; index < this.#hooks.length;) {
      if (this.#hooks[index]!.step > this.#steps) index++;
      else {
        this.#hooks.splice(index, 1)[0]!.task();
        await quiet();
      }
    }
  }
}

/** A program in the simulated world, with its clock. Killed, it never hears of anything again. */
export class SimProcess implements Clock {
  /** For the log. */
  readonly name: string;
  readonly #clock: SimClock;
  readonly #timers = new Set<StopTimer>();
  #alive = true;

  constructor(name: string, clock: SimClock) {
    this.name = name;
    this.#clock = clock;
  }

  /** False once it was killed. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Timers that are set: none may be left when the program has ended. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#clock.dateMs;
  }

  monotonicMs(): number {
    return this.#clock.nowMs;
  }

  timer(afterMs: number, task: () => void): StopTimer {
    if (!this.#alive) return () => {};
    const stopEvent = this.#clock.at(afterMs, () => {
      this.#timers.delete(stop);
      task();
    });
    const stop = () => {
      this.#timers.delete(stop);
      stopEvent();
    };
    this.#timers.add(stop);
    return stop;
  }

  holdingTimer(afterMs: number, task: () => void): StopTimer {
    return this.timer(afterMs, task);
  }

  soon(task: () => void): void {
    this.#clock.at(0, () => this.#alive && task());
  }

  /** Settles after so many milliseconds; never, if the process is killed meanwhile. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.at(ms, () => this.#alive && resolve()));
  }

  /** Ends it at once, wherever it is. */
  kill(): void {
    this.#alive = false;
    for (const stop of [...this.#timers]) stop();
  }
}

/**
 * Settles when no promise has anything left to run. All that takes time in the simulated world waits for an
 * event, so what is left are microtasks: the runtime runs all of them before it turns to the next immediate.
 */
async function quiet(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn);
}

/** Adds to a binary heap. */
function push(heap: Event[], event: Event): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = event;
}

/** Takes the first of a binary heap. */
function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (let child = 1; child < heap.length; child = 2 * index + 1) {
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
  return first;
}
