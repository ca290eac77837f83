// What a server does on its own once it listens: it brings in what the first requests need, and looks for damage.

import { MorselError } from "../base/errors.ts";
import { nodeCrypto } from "../base/node_crypto.ts";
import { systemClock } from "../runtime/system_clock.ts";
import type { Notice } from "../server/server_event.ts";
import { damageLines } from "../store/damage.ts";
import type { DataFolder } from "../store/data_folder.ts";
import { startScrub } from "../store/scrub.ts";

/** When it begins, in milliseconds: what is brought in takes 60 on Deno, and nobody is to wait for it at a start. */
const WARM_UP_AFTER_MS = 30;

/** What {@linkcode startBackground} needs. */
export interface BackgroundOptions {
  readonly folder: Pick<DataFolder, "store" | "lookAtDisk">;
  /** How fast stored data is read again, in bytes a second; 0 for not at all. */
  readonly scrubBytesPerSecond?: number | undefined;
  readonly notice: Notice;
  /** Told of each damage, which is in the log already. */
  readonly onDamage?: ((error: MorselError) => void) | undefined;
  readonly onError: (error: unknown) => void;
}

/** Begins; the function that is returned ends it, and settles when the store is touched no more. */
export function startBackground(options: BackgroundOptions): () => Promise<void> {
  const { folder, scrubBytesPerSecond, notice, onDamage, onError } = options;
  const stopWarmUp = systemClock.timer(WARM_UP_AFTER_MS, () => {
    nodeCrypto();
    folder.lookAtDisk().catch(onError);
  });
  const scrub = startScrub(folder.store, {
    clock: systemClock,
    rateBytesPerSecond: scrubBytesPerSecond,
    onDamage: (damage) => {
      const lines = [...damageLines(damage)];
      notice({ type: "damaged", why: lines.join("; ") });
      for (const line of lines) onDamage?.(new MorselError("integrity", line));
    },
    onError,
  });
  return async () => {
    stopWarmUp();
    await scrub.stop();
  };
}
