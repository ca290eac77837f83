// What is missing of a file, fetched over one connection or several at once: each takes the next segment when it
// is done with one, so that a slow connection holds nothing up but its own.

import { BLOCK_SIZE } from "../base/merkle.ts";
import { MorselError } from "../base/errors.ts";
import type { TransferCounters } from "../client/transfer_counters.ts";
import type { FileInfo } from "../client/types.ts";
import { type CommandContext, transferOptions } from "./command.ts";
import type { FileRange, PartialFile } from "./partial_file.ts";
import type { RemoteFiles } from "./remote_files.ts";

/** What {@linkcode fetchMissing} fetches. */
export interface FetchMissingOptions {
  /** Where from: at most one download at a time on each. */
  readonly clients: readonly RemoteFiles[];
  /** The version that is fetched; throws `gone` when it is replaced on the way. */
  readonly file: FileInfo;
  /** Where to; it says what is missing. */
  readonly partial: PartialFile;
  /** Counts where the time goes. */
  readonly counters: TransferCounters;
  /** Told how many bytes of the whole file are there. */
  readonly onReceived: (received: number) => void;
}

/** The smallest segment that is worth a connection of its own, and the largest, in bytes. */
const LEAST_SEGMENT = 4 * 1024 * 1024;
const LARGEST_SEGMENT = 256 * 1024 * 1024;

/** Fetches all that is missing. The first failure ends all. */
export async function fetchMissing(
  context: CommandContext,
  options: FetchMissingOptions,
): Promise<void> {
  const { clients, partial } = options;
  const segments = segmentsOf(partial.missing, clients.length);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const received = new ReceivedSum(partial.proven, options.onReceived);
  const fetchAll = async (client: RemoteFiles) => {
    for (let segment = segments.shift(); segment; segment = segments.shift()) {
      await fetchSegment(context, segment, { ...options, client, signal, received });
    }
  };
  const work = clients.map((client) =>
    fetchAll(client).catch((reason) => {
      stop.abort(reason);
      throw reason;
    })
  );
  await Promise.allSettled(work);
  context.signal.throwIfAborted();
  stop.signal.throwIfAborted();
}

/** How many connections there is work for, of as many as are wanted. */
export function usefulConnections(missing: readonly FileRange[], wanted: number): number {
  return Math.min(wanted, Math.max(1, segmentsOf(missing, wanted).length));
}

/**
 * Adds connections to `clients` until there are as many as are wanted. A server that lets fewer in is no
 * failure: those it has let in do the work.
 */
export async function connectSeveral(
  context: CommandContext,
  clients: RemoteFiles[],
  count: number,
): Promise<void> {
  const others = await Promise.allSettled(
    Array.from({ length: count - clients.length }, () => context.connectAnother()),
  );
  for (const other of others) {
    if (other.status === "fulfilled") clients.push(other.value);
    else if (!(other.reason instanceof MorselError && other.reason.code === "busy")) {
      throw other.reason;
    }
  }
  if (clients.length >= count) return;
  await context.screen.message(
    `The server lets ${clients.length} connections in, not ${count}; going on with those`,
  );
}

interface SegmentOptions extends FetchMissingOptions {
  readonly client: RemoteFiles;
  readonly signal: AbortSignal;
  readonly received: ReceivedSum;
}

async function fetchSegment(
  context: CommandContext,
  segment: FileRange,
  { client, file, partial, counters, signal, received }: SegmentOptions,
): Promise<void> {
  await counters.transfer(async () => {
    const download = await client.get(file.name, {
      ...transferOptions(context),
      ...segment,
      version: file.version,
      signal,
      counters,
      onProgress: (progress) => received.set(segment, progress.received),
      onProven: (end, leaves) => partial.record(end, leaves),
    });
    await download.copyTo(partial.sink);
  });
}

/** Segments of whole blocks, in order; a single connection gets each range whole. */
function segmentsOf(missing: readonly FileRange[], connections: number): FileRange[] {
  const total = missing.reduce((sum, { start, end }) => sum + end - start, 0);
  // Two for each connection: with fewer the last one is waited for, more begin slowly too often.
  const wanted = Math.ceil(total / connections / 2);
  const size = connections === 1
    ? Infinity
    : wholeBlocks(Math.min(LARGEST_SEGMENT, Math.max(LEAST_SEGMENT, wanted)));
  const segments: FileRange[] = [];
  for (const { start, end } of missing) {
    for (let from = start; from < end; from += size) {
      segments.push({ start: from, end: Math.min(end, from + size) });
    }
  }
  return segments;
}

function wholeBlocks(size: number): number {
  return Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;
}

/** Adds up what the segments report, which may go back after a lost connection. */
class ReceivedSum {
  readonly #onReceived: (received: number) => void;
  readonly #of = new Map<FileRange, number>();
  #sum: number;

  constructor(before: number, onReceived: (received: number) => void) {
    this.#sum = before;
    this.#onReceived = onReceived;
  }

  set(segment: FileRange, received: number): void {
    this.#sum += received - (this.#of.get(segment) ?? 0);
    this.#of.set(segment, received);
    this.#onReceived(this.#sum);
  }
}
