// What a server does for its store without being asked: unfinished uploads expire in the end.

import type { Clock, StopTimer } from "../base/clock.ts";
import type { FileStore } from "../store/file_store.ts";

/** How often it is looked what has expired, in milliseconds: an hour late is early enough. */
const EVERY_MS = 3_600_000;

/** What {@linkcode startUpkeep} needs. */
export interface UpkeepOptions {
  readonly store: FileStore;
  readonly clock: Clock;
  /** How long an unfinished upload is kept that nobody goes on with, in milliseconds. */
  readonly expiryMs: number;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Looks after a store now and every hour; the function that is returned ends that, and what is under way. */
export function startUpkeep(options: UpkeepOptions): () => Promise<void> {
  const { store, clock, expiryMs, onError } = options;
  let stopTimer: StopTimer = () => {};
  let round: Promise<unknown>;
  const look = () => {
    round = store.expireUploads(expiryMs).catch((error) => onError?.(error));
    stopTimer = clock.timer(EVERY_MS, look);
  };
  look();
  return async () => {
    stopTimer();
    await round;
  };
}
