// Inputs worth mutating further: the seeds, and those that showed something for the first time.

import type { SimRandom } from "../simulation/random.ts";
import { mutated } from "./mutate.ts";
import type { Input } from "./seeds.ts";

/** So many inputs are kept; then a new one takes the place of one that was found before. */
const MOST_INPUTS = 4000;

/** What one case came to. */
export interface CaseResult {
  /** What was seen, such as a message in a state and its outcome, in few different words. */
  readonly signatures: Iterable<string>;
  /** What must never be; undefined when all is well. */
  readonly problem?: string | undefined;
}

/** A growing collection of inputs. */
export class Corpus {
  readonly #seeds: number;
  readonly #inputs: Input[];
  readonly #seen = new Set<string>();

  constructor(seeds: readonly Input[]) {
    this.#inputs = [...seeds];
    this.#seeds = seeds.length;
  }

  /** How many different things were seen. */
  get signatures(): number {
    return this.#seen.size;
  }

  /** How many inputs there are. */
  get size(): number {
    return this.#inputs.length;
  }

  /** A new input. */
  next(random: SimRandom): Input {
    return mutated(random.pick(this.#inputs), random.pick(this.#inputs), random);
  }

  /** Keeps an input that showed something new. */
  learn(input: Input, { signatures }: CaseResult, random: SimRandom): void {
    const before = this.#seen.size;
    for (const signature of signatures) this.#seen.add(signature);
    if (this.#seen.size === before) return;
    // Copies: what was cut out of a large buffer would hold all of it.
    const kept = input.map((frame) => frame.slice());
    if (this.#inputs.length < MOST_INPUTS) this.#inputs.push(kept);
    else this.#inputs[random.whole(this.#seeds, MOST_INPUTS)] = kept;
  }
}

/** What an error says, without the numbers and names in it. */
export function kindOf(message: string): string {
  return message.replace(/".*?"/g, '""').replace(/\d+/g, "0");
}
