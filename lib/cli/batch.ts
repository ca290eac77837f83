// The same thing done to several files at once: what fails is told and the rest goes on.

import { eachBounded } from "../base/concurrency.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { describeFailure } from "./failure.ts";
import { formatCount } from "./format.ts";

/** Options of {@linkcode runBatch}. */
export interface BatchOptions<Item> {
  /** Does it to one item. */
  work: (item: Item) => Promise<void>;
  /** What the line of an error calls an item. */
  title: (item: Item) => string;
  /** What an item counts towards the bound of 256 at once; 1 by default. */
  weigh?: (item: Item) => number;
  /** Items that failed before their turn came, such as files that are not there. */
  failed?: readonly { readonly title: string; readonly error: unknown }[];
}

/**
 * How many small requests are under way at once: as many as a server takes, as those that end together share one
 * synchronisation of its disk, and a long link is full of them.
 */
export const MOST_AT_ONCE = 256;
/** Bytes that count as much as one small file towards that. */
const WEIGHT_UNIT = 64 * 1024;
// Four large files at once fill any link, and more would only share it.
const MOST_WEIGHT = MOST_AT_ONCE / 4;

/** What the transfer of a file of `size` bytes counts towards how many may be under way. */
export function weighFile({ size }: { readonly size: number }): number {
  return Math.min(MOST_WEIGHT, 1 + Math.floor(size / WEIGHT_UNIT));
}

/**
 * Does something to every item. A failure of one is told in a line and the others go on, unless it is one
 * that all would share, such as a lost connection. Returns what the whole comes to; a single item's error
 * is thrown instead.
 */
export async function runBatch<Item>(
  context: CommandContext,
  items: readonly Item[],
  options: BatchOptions<Item>,
): Promise<ExitCode> {
  const { screen, signal } = context;
  const { work, title, failed = [] } = options;
  if (items.length + failed.length === 1) return await runSingle(items, options);
  const exitCodes = new Set<ExitCode>();
  let done = 0;
  let leftOut = 0;
  let broken = false;
  for (const { title, error } of failed) {
    exitCodes.add((await screen.failure(error, title)).exitCode);
  }
  const attempt = async (item: Item) => {
    if (broken) return void leftOut++;
    try {
      await work(item);
      done++;
    } catch (error) {
      signal.throwIfAborted();
      const { endsAll, exitCode } = describeFailure(error);
      exitCodes.add(exitCode);
      // Of what breaks all of them one line is enough.
      if (endsAll && broken) return void leftOut++;
      broken ||= endsAll;
      await screen.failure(error, endsAll ? undefined : title(item));
    }
  };
  await eachBounded(items, attempt, {
    limit: MOST_AT_ONCE,
    signal,
    ...(options.weigh && { weigh: options.weigh }),
  });
  if (leftOut > 0) await screen.message(`${formatCount(leftOut + 1)} files were left out for that`);
  return exitCodeOfBatch(done, exitCodes);
}

async function runSingle<Item>(
  items: readonly Item[],
  options: BatchOptions<Item>,
): Promise<ExitCode> {
  for (const { error } of options.failed ?? []) throw error;
  for (const item of items) await options.work(item);
  return EXIT.done;
}

function exitCodeOfBatch(done: number, exitCodes: ReadonlySet<ExitCode>): ExitCode {
  const [first, second] = exitCodes;
  if (first === undefined) return EXIT.done;
  return done > 0 || second !== undefined ? EXIT.someFailed : first;
}
