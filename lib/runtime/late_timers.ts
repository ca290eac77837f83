// Timers for a program that may have ended before one is due. To set the first real one takes 13 ms on Deno, a
// twelfth of a command for one small file; what is here takes 3.

import type { StopTimer } from "../base/clock.ts";

/** How long nothing is set, in milliseconds. What is due before that is to be set at once. */
export const LATE_MS = 20;

/** Sets a real timer. */
export type SetTimer = (afterMs: number, task: () => void) => StopTimer;

interface LateTimer {
  readonly dueMs: number;
  readonly task: () => void;
  readonly set: SetTimer;
  stop?: StopTimer;
}

/** What is to be set, and is once {@linkcode LATE_MS} have gone by and it has not been stopped. */
export class LateTimers {
  readonly #onOver: () => void;
  readonly #waiting = new Set<LateTimer>();
  #wait: AbortSignal | undefined;
  readonly #soon: (() => void)[] = [];
  #channel: MessageChannel | undefined;
  #isOver = false;

  /** `onOver` is called when real timers are about to be set: nothing is to be asked of this from then on. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** As `Clock.timer` or `Clock.holdingTimer`, for more than {@linkcode LATE_MS}: `set` sets it in the end. */
  timer(afterMs: number, task: () => void, set: SetTimer): StopTimer {
    const timer: LateTimer = { dueMs: performance.now() + afterMs, task, set };
    this.#waiting.add(timer);
    this.#wait ??= this.#begin();
    return () => {
      this.#waiting.delete(timer);
      timer.stop?.();
    };
  }

  /** As `Clock.soon`. */
  soon(task: () => void): void {
    this.#channel ??= this.#open();
    if (this.#soon.push(task) === 1) this.#channel.port2.postMessage(undefined);
  }

  #begin(): AbortSignal {
    const wait = AbortSignal.timeout(LATE_MS);
    wait.onabort = () => {
      this.#wait = undefined;
      if (this.#waiting.size > 0) this.#end();
    };
    return wait;
  }

  #end(): void {
    this.#isOver = true;
    this.#onOver();
    for (const timer of this.#waiting) {
      timer.stop = timer.set(Math.max(0, timer.dueMs - performance.now()), timer.task);
    }
    this.#waiting.clear();
    if (this.#soon.length === 0) this.#channel?.port1.close();
  }

  #open(): MessageChannel {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      for (const task of this.#soon.splice(0)) task();
      if (this.#isOver) channel.port1.close();
    };
    return channel;
  }
}
