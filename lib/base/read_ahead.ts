// A sequence that is read before its items are wanted, so that it is known early how many there are.

import type { Clock } from "./clock.ts";

/** Options of {@linkcode readAhead}. */
export interface ReadAheadOptions<Item> {
  /** How many items may wait to be taken. */
  readonly limit: number;
  /** Called with each item once it is read. It must not throw. */
  readonly onRead: (item: Item) => void;
  readonly clock: Pick<Clock, "soon">;
}

/** A source whose items are all at hand must not keep everything else waiting: so many, and the others' turn. */
const READ_AT_ONCE = 32;

/** The same items in the same order. What the source throws is thrown after the items before it. */
export async function* readAhead<Item>(
  source: AsyncIterable<Item>,
  { limit, onRead, clock }: ReadAheadOptions<Item>,
): AsyncGenerator<Item> {
  const waiting = new Waiting<Item>();
  let isLeft = false;
  let hasEnded = false;
  let wakeReader: (() => void) | undefined;
  let wakeTaker: (() => void) | undefined;
  const read = async () => {
    try {
      let count = 0;
      for await (const item of source) {
        if (isLeft) return;
        onRead(item);
        waiting.add(item);
        wakeTaker?.();
        if (++count % READ_AT_ONCE === 0) await new Promise<void>((done) => clock.soon(done));
        while (waiting.size >= limit && !isLeft) {
          await new Promise<void>((resolve) => wakeReader = resolve);
        }
      }
    } finally {
      hasEnded = true;
      wakeTaker?.();
    }
  };
  const reading = read();
  reading.catch(() => {}); // thrown below, in its turn
  try {
    while (waiting.size > 0 || !hasEnded) {
      if (waiting.size === 0) await new Promise<void>((resolve) => wakeTaker = resolve);
      else {
        yield waiting.take();
        wakeReader?.();
      }
    }
    await reading;
  } finally {
    isLeft = true;
    wakeReader?.();
    await reading.catch(() => {});
  }
}

/** First in, first out, at the same cost however many there are. */
class Waiting<Item> {
  #items: Item[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** There must be one. */
  take(): Item {
    const item = this.#items[this.#taken++]!;
    if (this.#taken * 2 > this.#items.length) {
      this.#items.splice(0, this.#taken);
      this.#taken = 0;
    }
    return item;
  }
}
