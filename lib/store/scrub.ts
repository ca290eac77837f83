// Checks a store again and again in the background, slowly: damage is to be found before the file is
// wanted, and nobody is to notice the search.

import type { Clock } from "../base/clock.ts";
import { wait } from "../base/wait.ts";
import type { CheckProgress } from "./check.ts";
import type { Damage } from "./damage.ts";
import type { FileStore } from "./file_store.ts";

/** How fast a scrub reads by default, in bytes per second: a tenth of what a plain disk can do. */
export const SCRUB_RATE = 8 * 1024 * 1024;
// A start has other things to do first.
const FIRST_MS = 60_000;
// Reading everything each day finds damage in time; more often would only wear the disk.
const EVERY_MS = 24 * 60 * 60 * 1000;

/** How {@linkcode startScrub} goes about it. */
export interface ScrubOptions {
  readonly clock: Clock;
  /** How fast it reads at most; {@linkcode SCRUB_RATE} by default, 0 not at all. */
  readonly rateBytesPerSecond?: number | undefined;
  /** How long after the start the first pass begins, in milliseconds; a minute by default. */
  readonly firstMs?: number | undefined;
  /** How long after the beginning of a pass the next may begin, in milliseconds; a day by default. */
  readonly everyMs?: number | undefined;
  readonly onDamage?: ((damage: Damage) => void) | undefined;
  /** Told of each pass that came to its end. */
  readonly onPass?: ((result: CheckProgress) => void) | undefined;
  /** Told why a pass could not go on; the next one comes in its time. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A scrub under way. */
export interface Scrub {
  /** Ends it; settles when it touches the store no more. To be called before the store is closed. */
  stop(): Promise<void>;
}

/** Starts to check a store in the background, until it is stopped. */
export function startScrub(store: FileStore, options: ScrubOptions): Scrub {
  const stop = new AbortController();
  const { rateBytesPerSecond = SCRUB_RATE } = options;
  const ended = rateBytesPerSecond > 0
    ? scrub(store, { ...options, rateBytesPerSecond }, stop.signal)
    : Promise.resolve();
  return {
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

async function scrub(store: FileStore, options: ScrubOptions, signal: AbortSignal): Promise<void> {
  const { clock, firstMs = FIRST_MS, everyMs = EVERY_MS, onDamage, onPass, onError } = options;
  const { rateBytesPerSecond } = options;
  let restMs = firstMs;
  while (!signal.aborted) {
    try {
      await wait(clock, restMs, signal);
      const begunMs = clock.monotonicMs();
      restMs = everyMs;
      const result = await store.check({ rateBytesPerSecond, signal, onDamage });
      restMs = Math.max(0, begunMs + everyMs - clock.monotonicMs());
      onPass?.(result);
    } catch (thrown) {
      if (!signal.aborted) onError?.(thrown);
    }
  }
}
