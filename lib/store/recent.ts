// What was wanted last, within a number of bytes. Only what is wanted a second time is worth keeping: whoever reads
// everything once, front to back, must not push out what others come back to.

/** Keys that were wanted once; only one that is wanted again while it is among them is worth keeping. */
const MOST_ONCE = 4096;

/** Values by key, the first kept first: those are forgotten first. */
export class Recent<Value> {
  readonly #mostBytes: number;
  readonly #sizeOf: (value: Value) => number;
  readonly #values = new Map<string, Value>();
  readonly #once = new Set<string>();
  #bytes = 0;

  /** Keeps so many bytes of values, as `sizeOf` tells them; with 0 nothing. */
  constructor(mostBytes: number, sizeOf: (value: Value) => number) {
    this.#mostBytes = mostBytes;
    this.#sizeOf = sizeOf;
  }

  /** The value as it was kept; undefined where none is. What it holds is not to be changed. */
  recall(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Says that a value was wanted that was not kept; keeps it where that is not the first time. */
  offer(key: string, value: Value): void {
    if (!this.#isWantedAgain(key)) return;
    this.forget(key);
    this.#values.set(key, value);
    this.#bytes += this.#sizeOf(value);
    for (const first of this.#values.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.forget(first);
    }
  }

  /** To be called with every change of what the key stands for. */
  forget(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= this.#sizeOf(value);
  }

  /** To be called where many may have changed. */
  forgetAll(): void {
    this.#values.clear();
    this.#bytes = 0;
  }

  #isWantedAgain(key: string): boolean {
    if (this.#mostBytes === 0) return false;
    if (this.#once.delete(key)) return true;
    if (this.#once.size >= MOST_ONCE) this.#once.clear();
    this.#once.add(key);
    return false;
  }
}
