// The dice of a simulation: one seed decides all of it.

import { randomNumbers } from "../support/content.ts";

/** Random choices that are the same for the same seed. */
export class SimRandom {
  readonly #next: () => number;

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike: they are spread over all 32 bits first.
    this.#next = randomNumbers(Math.imul(seed + 1, 0x9e3779b1));
  }

  /** A number from `least` up to, not including, `end`. */
  between(least: number, end: number): number {
    return least + this.#next() * (end - least);
  }

  /** A whole number from `least` up to, not including, `end`. */
  whole(least: number, end: number): number {
    return Math.floor(this.between(least, end));
  }

  /** True in a part of `probability` of all cases. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.whole(0, items.length)]!;
  }

  /** One of the keys, as often as the numbers say. */
  weighed<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries<number>(weights);
    let left = this.between(0, entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [key, weight] of entries) {
      if ((left -= weight) < 0) return key as K;
    }
    return entries.at(-1)![0] as K;
  }

  /** A size whose magnitude is random: small ones are as likely as large ones. */
  magnitude(most: number): number {
    return Math.floor(2 ** this.between(0, Math.log2(most + 1))) - 1;
  }

  /** Dice of their own for a part, so that one part's throws do not shift another's. */
  fork(): SimRandom {
    return new SimRandom(this.whole(0, 2 ** 32));
  }

  /** 32 hexadecimal digits. */
  id(): string {
    let digits = "";
    while (digits.length < 32) digits += this.whole(0, 2 ** 32).toString(16).padStart(8, "0");
    return digits;
  }
}
