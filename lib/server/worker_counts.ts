// The numbers of a worker on their way to its server, which shows them with its own.

import type { Clock } from "../base/clock.ts";
import type { Counts } from "./counts.ts";

/** How often they are told, in milliseconds: what is shown is no older. */
const TELL_EVERY_MS = 1000;

/**
 * Tells numbers again and again, unless they are as before; returns how to end that, which tells them a last time.
 */
export function tellCounts(
  counts: () => Counts,
  { clock, tell }: { readonly clock: Clock; readonly tell: (counts: Counts) => void },
): () => void {
  let told = "";
  const look = () => {
    const now = counts();
    const text = JSON.stringify(now);
    if (text !== told) tell(now);
    told = text;
  };
  const again = () => {
    look();
    stopTimer = clock.timer(TELL_EVERY_MS, again);
  };
  let stopTimer = clock.timer(TELL_EVERY_MS, again);
  return () => {
    stopTimer();
    look();
  };
}
