// The limits on the bytes a second of tokens: one for each token, which its connections share.

import type { Clock } from "../base/clock.ts";
import type { Principal } from "../base/principal.ts";
import { LEAST_RATE_LIMIT, RateLimit } from "../base/rate_limit.ts";

/** The limits of a server's tokens. It grows with the tokens that there are, and have connected. */
export class TokenRates {
  readonly #clock: Clock;
  readonly #sharedBy: number;
  readonly #limits = new Map<string, RateLimit>();

  /** Where several processes serve the same tokens, each keeps to its share of their rates. */
  constructor(clock: Clock, sharedBy = 1) {
    this.#clock = clock;
    this.#sharedBy = sharedBy;
  }

  /** What all connections of a principal keep to; undefined for no limit. */
  of({ name, bytesPerSecond }: Principal): RateLimit | undefined {
    if (bytesPerSecond === undefined) return undefined;
    const known = this.#limits.get(name);
    if (known) return known;
    // Kept when its last connection has gone: connecting anew must not save anybody a pause.
    const share = Math.max(LEAST_RATE_LIMIT, bytesPerSecond / this.#sharedBy);
    const limit = new RateLimit(this.#clock, share);
    this.#limits.set(name, limit);
    return limit;
  }
}
