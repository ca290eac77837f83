// Penalties for addresses that misbehave before it is known who they are (PROTOCOL.md 4.1). Those of one address add
// up, and run out by themselves; OpenSSH's PerSourcePenalties are the model.

import type { Clock } from "../base/clock.ts";

/** What an address is punished for. */
export type Offence = "proof" | "garbage" | "deadline";

/** What each costs, in milliseconds. */
const COSTS: Readonly<Record<Offence, number>> = {
  // Somebody who mistypes a token does so once or twice; nobody guesses one at this pace.
  proof: 5000,
  // A scanner, or a program that speaks something else.
  garbage: 5000,
  // It held a place for that long.
  deadline: 10_000,
};
/** Below this nothing comes of it: so few offences are mistakes. */
const LEAST_MS = 15_000;
/** More does not add up: addresses get new owners. */
const MOST_MS = 600_000;
/** Addresses that are kept in mind, each with about 100 bytes; beyond them the oldest offender is forgotten. */
const MAX_ADDRESSES = 16_384;

interface Penalty {
  readonly untilMs: number;
  /** Whether it has ever come to {@linkcode LEAST_MS}: then it holds to its end. */
  readonly bites: boolean;
}

/** The penalties of a server, by address. */
export class Penalties {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** In the order of their last offences. */
  readonly #byAddress = new Map<string, Penalty>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Addresses that are kept in mind. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** Adds to the penalty of an address; returns how long it is let in no more, in milliseconds. */
  add(address: string, offence: Offence): number {
    if (isLoopback(address)) return 0;
    const nowMs = this.#clock.monotonicMs();
    const before = this.#current(address);
    const untilMs = Math.min((before?.untilMs ?? nowMs) + COSTS[offence], nowMs + MOST_MS);
    const bites = (before?.bites ?? false) || untilMs - nowMs >= LEAST_MS;
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { untilMs, bites });
    if (this.#byAddress.size > MAX_ADDRESSES) {
      const [oldest] = this.#byAddress.keys();
      this.#byAddress.delete(oldest!);
    }
    return bites ? untilMs - nowMs : 0;
  }

  /** How long an address is not let in, in milliseconds; 0 when it is. */
  remainingMs(address: string): number {
    const penalty = this.#current(address);
    return penalty?.bites ? penalty.untilMs - this.#clock.monotonicMs() : 0;
  }

  #current(address: string): Penalty | undefined {
    const penalty = this.#byAddress.get(address);
    if (!penalty || penalty.untilMs > this.#clock.monotonicMs()) return penalty;
    this.#byAddress.delete(address);
    return undefined;
  }
}

/**
 * Tunnels and proxies make everybody come from loopback, where one could shut all others out; and nobody there
 * guesses a token, as its secret has 256 random bits.
 */
function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "0:0:0:0::/64";
}
