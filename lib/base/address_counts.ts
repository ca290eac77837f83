// How many of something there are, in all and of each address: what bounds on connections go by.

/** Counts by address, and all together. */
export class AddressCounts {
  total = 0;
  readonly #byAddress = new Map<string, number>();

  /** How many of this address. */
  of(address: string): number {
    return this.#byAddress.get(address) ?? 0;
  }

  /** One more. */
  add(address: string): void {
    this.total++;
    this.#byAddress.set(address, this.of(address) + 1);
  }

  /** One less, of those that were added. */
  remove(address: string): void {
    this.total--;
    const left = this.of(address) - 1;
    // Addresses that have gone must not add up.
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
