// Waiting for time to pass.

import type { Clock } from "./clock.ts";

/** Settles after `ms` milliseconds; rejects with the signal's reason when that comes first. */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = () => {
      stopTimer();
      reject(signal!.reason);
    };
    const stopTimer = clock.holdingTimer(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
