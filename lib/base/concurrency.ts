// Many pieces of work at once, but never more than a bound. Not a queue that lives on: one call, one list.

/** Options of {@linkcode eachBounded}. */
export interface BoundedOptions<Item> {
  /** How much may run at once: items, or the sum of what `weigh` says of them. */
  limit: number;
  /** What an item counts towards `limit`; 1 by default, and at most `limit`. */
  weigh?: (item: Item) => number;
  /** Once it is aborted, no further item is begun; `work` ends what runs by itself. */
  signal?: AbortSignal;
}

/**
 * Does `work` for every item, begun in their order, as many at once as `limit` allows; items are taken from
 * their source only when there is room. A failure of `work` or of the source lets nothing more begin, and
 * is thrown once all that had begun has ended; so is the signal's reason when it was aborted.
 */
export async function eachBounded<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<void>,
  options: BoundedOptions<Item>,
): Promise<void> {
  const { limit, weigh = () => 1, signal } = options;
  let load = 0;
  let failure: { reason: unknown } | undefined;
  let wake: (() => void) | undefined;
  const untilOneEnds = () => new Promise<void>((resolve) => wake = resolve);
  const run = async (item: Item, weight: number) => {
    try {
      await work(item);
    } catch (reason) {
      failure ??= { reason };
    }
    load -= weight;
    wake?.();
  };
  try {
    for await (const item of items) {
      // Something heavier than the limit runs all the same, alone.
      const weight = Math.min(weigh(item), limit);
      while (load + weight > limit && !failure) await untilOneEnds();
      if (failure || signal?.aborted) break;
      load += weight;
      void run(item, weight); // never rejects
    }
  } catch (reason) {
    failure ??= { reason };
  }
  while (load > 0) await untilOneEnds();
  signal?.throwIfAborted();
  if (failure) throw failure.reason;
}
