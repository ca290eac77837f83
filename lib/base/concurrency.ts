// Many pieces of work at once, but never more than a bound. Not a queue that lives on: one call, one list.

/** Options of {@linkcode mapBounded}. */
export interface BoundedOptions<Item> {
  /** How much may run at once: items, or the sum of what `weigh` says of them. */
  limit: number;
  /** What an item counts towards `limit`; 1 by default, and at most `limit`. */
  weigh?: (item: Item) => number;
  /** Once it is aborted, no further item is begun; `work` ends what runs by itself. */
  signal?: AbortSignal;
}

/**
 * Does `work` for every item, begun in their order, as many at once as `limit` allows. Returns how each
 * ended, in the order of the items; a failure stops nothing. Throws the signal's reason when it was
 * aborted, after all that had begun has ended.
 */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  options: BoundedOptions<Item>,
): Promise<PromiseSettledResult<Result>[]> {
  const { limit, weigh = () => 1, signal } = options;
  const results: PromiseSettledResult<Result>[] = new Array(items.length);
  const running = new Set<Promise<void>>();
  let load = 0;
  for (const [index, item] of items.entries()) {
    // Something heavier than the limit runs all the same, alone.
    const weight = Math.min(weigh(item), limit);
    while (load + weight > limit) await Promise.race(running);
    if (signal?.aborted) break;
    load += weight;
    const task = settle(work, item).then((result) => {
      results[index] = result;
      load -= weight;
      running.delete(task);
    });
    running.add(task);
  }
  await Promise.all(running);
  signal?.throwIfAborted();
  return results;
}

async function settle<Item, Result>(
  work: (item: Item) => Promise<Result>,
  item: Item,
): Promise<PromiseSettledResult<Result>> {
  try {
    return { status: "fulfilled", value: await work(item) };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}
