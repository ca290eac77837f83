// A sequence that is read before its items are wanted, so that it is known early how many there are.

/** Options of {@linkcode readAhead}. */
export interface ReadAheadOptions<Item> {
  /** How many items are read while nobody wants them; twice as many are held at most. */
  readonly limit: number;
  /** Called with each item once it is read. It must not throw. */
  readonly onRead: (item: Item) => void;
}

/** The same items in the same order. What the source throws is thrown after the items before it. */
export async function* readAhead<Item>(
  source: AsyncIterable<Item>,
  { limit, onRead }: ReadAheadOptions<Item>,
): AsyncGenerator<Item> {
  let waiting: Item[] = [];
  let isLeft = false;
  let hasEnded = false;
  let wakeReader: (() => void) | undefined;
  let wakeTaker: (() => void) | undefined;
  const read = async () => {
    try {
      for await (const item of source) {
        if (isLeft) return;
        onRead(item);
        waiting.push(item);
        wakeTaker?.();
        while (waiting.length >= limit && !isLeft) {
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
    while (waiting.length > 0 || !hasEnded) {
      const batch = waiting;
      waiting = [];
      wakeReader?.();
      yield* batch;
      if (waiting.length > 0 || hasEnded) continue;
      await new Promise<void>((resolve) => wakeTaker = resolve);
    }
    await reading;
  } finally {
    isLeft = true;
    wakeReader?.();
    await reading.catch(() => {});
  }
}
