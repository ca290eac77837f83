// Two sorted sequences as one, with what has the same key side by side. Neither is held in memory.

import { compareBytes } from "./names.ts";

/** Something with a place in a sequence that is sorted by the bytes of its keys; no key stands twice. */
export interface Keyed {
  readonly key: string;
}

/** What stands at one key: in the first sequence, in the second, or in both. */
export interface Pair<Left, Right> {
  readonly left: Left | undefined;
  readonly right: Right | undefined;
}

/** Pairs what has equal keys, in their order; with `untilLeftEnds` no further than the first sequence goes. */
export async function* paired<Left extends Keyed, Right extends Keyed>(
  lefts: AsyncIterable<Left>,
  rights: AsyncIterable<Right>,
  { untilLeftEnds = false }: { untilLeftEnds?: boolean } = {},
): AsyncGenerator<Pair<Left, Right>> {
  const leftItems = lefts[Symbol.asyncIterator]();
  const rightItems = rights[Symbol.asyncIterator]();
  try {
    // Side by side, as both may have to wait for their first.
    const firsts = [next(leftItems), next(rightItems)] as const;
    await Promise.all(firsts);
    let left: Left | undefined = await firsts[0];
    let right: Right | undefined = await firsts[1];
    while (left || (right && !untilLeftEnds)) {
      const order = !left ? 1 : !right ? -1 : compareBytes(left.key, right.key);
      if (order === 0) yield { left, right };
      else yield order < 0 ? { left, right: undefined } : { left: undefined, right };
      if (order <= 0) left = await next(leftItems);
      if (order >= 0) right = await next(rightItems);
    }
  } finally {
    await Promise.all([leftItems.return?.(), rightItems.return?.()]);
  }
}

async function next<Item>(items: AsyncIterator<Item>): Promise<Item | undefined> {
  const { value, done } = await items.next();
  return done ? undefined : value;
}
