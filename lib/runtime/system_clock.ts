// The real time of every runtime. Tests use a clock of their own.

import type { Clock, StopTimer } from "../base/clock.ts";
import { LATE_MS, LateTimers, type SetTimer } from "./late_timers.ts";

// The same as node:timers, but on Deno an import would load them before anybody has set a timer.
const timers = globalThis as unknown as typeof import("node:timers");

// What setTimeout takes at most; beyond it a timer would fire at once.
const LONGEST_MS = 2 ** 31 - 1;

let late: LateTimers | undefined;

/** From now on timers are set as late as can be: for a program that says by itself when it ends. */
export function setTimersLate(): void {
  late = new LateTimers(() => late = undefined);
}

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer: (afterMs, task) => setTimer(afterMs, task, setUnheld),
  holdingTimer: (afterMs, task) => setTimer(afterMs, task, setHeld),
  soon: (task) => {
    if (late) late.soon(task);
    else timers.setImmediate(task);
  },
};

function setTimer(afterMs: number, task: () => void, set: SetTimer): StopTimer {
  return late && afterMs > LATE_MS ? late.timer(afterMs, task, set) : set(afterMs, task);
}

function setUnheld(afterMs: number, task: () => void): StopTimer {
  const timer = timers.setTimeout(task, Math.min(afterMs, LONGEST_MS));
  timer.unref();
  return () => timers.clearTimeout(timer);
}

function setHeld(afterMs: number, task: () => void): StopTimer {
  const timer = timers.setTimeout(task, Math.min(afterMs, LONGEST_MS));
  return () => timers.clearTimeout(timer);
}
