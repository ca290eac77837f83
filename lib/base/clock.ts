// Time as a dependency, so that tests and simulations can drive it.

/** What stops a timer that was set; calling it late or twice is harmless. */
export type StopTimer = () => void;

/** The time and the timers a part of Morsel lives by. */
export interface Clock {
  /** Milliseconds since 1970, for what is recorded. */
  now(): number;
  /** Milliseconds that never go backwards, for measuring waits. */
  monotonicMs(): number;
  /** Runs `task` once, `afterMs` milliseconds from now; meanwhile the process may end if it has no other work. */
  timer(afterMs: number, task: () => void): StopTimer;
  /** The same, but the process stays for it. */
  holdingTimer(afterMs: number, task: () => void): StopTimer;
  /** Runs `task` after all that is ready to run now has run: the place to gather a batch. */
  soon(task: () => void): void;
}
