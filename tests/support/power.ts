// The power of a machine under test: counts the durable steps of disk and catalog, and goes off after any of
// them. What is asked for afterwards fails without having done anything.

import type { Catalog } from "../../lib/store/catalog.ts";

/** What everything fails with once the power is off. */
export class PowerIsOff extends Error {}

/** Counts steps until the power goes. */
export class Power {
  readonly #lastStep: number;
  #steps = 0;

  /** The power goes when so many steps have been done: that one is done, but nobody hears of it. */
  constructor(lastStep = Infinity) {
    this.#lastStep = lastStep;
  }

  /** Steps that were done. */
  get steps(): number {
    return this.#steps;
  }

  get isOn(): boolean {
    return this.#steps < this.#lastStep;
  }

  /** To be called before a step. */
  readonly before = (): void => {
    if (!this.isOn) throw new PowerIsOff();
  };

  /** To be called when a step has been done. */
  readonly after = (): void => {
    this.#steps++;
    if (!this.isOn) throw new PowerIsOff();
  };
}

/** The calls of a catalog that change it. */
export const CATALOG_CHANGES: ReadonlySet<string> = new Set(
  [
    "commit",
    "remove",
    "link",
    "beginUpload",
    "attachUpload",
    "checkpointUpload",
    "endUpload",
    "markDamage",
    "forgetGarbage",
  ] satisfies (keyof Catalog)[],
);
