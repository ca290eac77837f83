// The same thing done to several files at once: what fails is told and the rest goes on.

import { eachBounded } from "../base/concurrency.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { describeFailure } from "./failure.ts";
import { formatCount } from "./format.ts";
import type { RemoteFiles } from "./remote_files.ts";

/** Options of {@linkcode runBatch}. */
export interface BatchOptions<Item> {
  /** Does it to one item. */
  work: (item: Item) => Promise<void>;
  /** What the line of an error calls an item. */
  title: (item: Item) => string;
  /** How many at once, and what an item counts towards that; 256 of them by default. */
  atOnce?: { readonly limit: number; readonly weigh?: (item: Item) => number };
  /** Items that failed before their turn came, such as files that are not there. */
  failed?: readonly { readonly title: string; readonly error: unknown }[];
}

/** How many small requests are under way at once where nothing is said of the link. */
const FEWEST_AT_ONCE = 256;
/** Of those that are put: twice as many as a server makes durable together, so that the others are read meanwhile. */
const FEWEST_PUT_AT_ONCE = 512;
/** How many are at most: as many as a server takes. */
const MOST_AT_ONCE = 1024;
/** Small files that a client deals with in a millisecond, with some to spare: so many keep a link full for each of its own. */
const FILES_A_MS = 16;
/** Bytes that are to be under way at once, as some round trips go by over each file: a link of 1 Gbit/s and 100 ms holds 12 MB. */
const BYTES_AT_ONCE = 64 * 1024 * 1024;

/** How many files are under way at once. */
export interface AtOnce {
  readonly limit: number;
  /** What a file of so many bytes counts towards the limit: no more than a quarter, as more would only share the link. */
  readonly weigh: (file: { readonly size: number }) => number;
}

/** How many files are to be under way over the connection of a client; more where the way is longer. */
export function atOnceOver(
  { roundTripMs }: Pick<RemoteFiles, "roundTripMs">,
  { isPut }: { isPut: boolean },
): AtOnce {
  const fewest = isPut ? FEWEST_PUT_AT_ONCE : FEWEST_AT_ONCE;
  const wanted = Math.ceil(roundTripMs * FILES_A_MS);
  const limit = Math.min(MOST_AT_ONCE, Math.max(fewest, wanted));
  const unit = BYTES_AT_ONCE / limit;
  return { limit, weigh: ({ size }) => Math.min(limit / 4, 1 + Math.floor(size / unit)) };
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
  const { atOnce = { limit: FEWEST_AT_ONCE } } = options;
  await eachBounded(items, attempt, { ...atOnce, signal });
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
