// The real time of every runtime. Tests use a clock of their own.

import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { Clock } from "../base/clock.ts";

// What setTimeout takes at most; beyond it a timer would fire at once.
const LONGEST_MS = 2 ** 31 - 1;

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer: (afterMs, task) => {
    const timer = setTimeout(task, Math.min(afterMs, LONGEST_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
  holdingTimer: (afterMs, task) => {
    const timer = setTimeout(task, Math.min(afterMs, LONGEST_MS));
    return () => clearTimeout(timer);
  },
  soon: (task) => {
    setImmediate(task);
  },
};
