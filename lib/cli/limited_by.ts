// What a long transfer had to wait for, in one line: the thing to change for the next one to be faster.

import type { TransferCounters } from "../client/transfer_counters.ts";
import { formatDuration, formatRate, formatSize } from "./format.ts";

/** What can limit a transfer, as events for programs name it. */
export type Limit = "link" | "window" | "disk" | "hashing" | "rate";

/** What is known at the end of the transfers of a command. */
export interface Finished {
  /** Bytes that were moved by this run. */
  readonly bytes: number;
  /** From its beginning to its end, in milliseconds. */
  readonly elapsedMs: number;
  readonly counters: TransferCounters;
  /** The limit in bytes a second that the user had set. */
  readonly limitBytesPerSecond: number | undefined;
}

// The limit counts frames, and what is shown counts bytes of files.
const NEARLY = 0.9;

/** What limited the transfers, and the part of the time that was waited for it, from 0 to 1. */
export function limitOf(finished: Finished): { limit: Limit; share: number } {
  const { bytes, elapsedMs, counters, limitBytesPerSecond = Infinity } = finished;
  if (bytes >= limitBytesPerSecond * NEARLY * elapsedMs / 1000) return { limit: "rate", share: 1 };
  const { wholeMs, hashMs } = counters;
  const [windowMs, diskMs] = [counters.waitedMs("window"), counters.waitedMs("disk")];
  // Whatever is not counted otherwise is the link's.
  const linkMs = Math.max(0, wholeMs - windowMs - diskMs - hashMs);
  const times: [Limit, number][] = [
    ["link", linkMs],
    ["disk", diskMs],
    ["hashing", hashMs],
    ["window", windowMs],
  ];
  const [limit, ms] = times.reduce((longest, time) => time[1] > longest[1] ? time : longest);
  return { limit, share: wholeMs > 0 ? Math.min(1, ms / wholeMs) : 0 };
}

/** The line: `1.2 GiB in 14s, 88.0 MiB/s; limited by the link (81 %)`, that is so much of the time. */
export function limitLine(finished: Finished): string {
  const { bytes, elapsedMs } = finished;
  const { limit, share } = limitOf(finished);
  const part = limit === "rate" ? "" : ` (${Math.round(share * 100)} %)`;
  const rate = formatRate(bytes / elapsedMs * 1000);
  return `${formatSize(bytes)} in ${formatDuration(elapsedMs)}, ${rate}; ` +
    `limited by ${NAMES[limit]}${part}`;
}

const NAMES: Readonly<Record<Limit, string>> = {
  "link": "the link",
  "window": "how soon the server answers",
  "disk": "the local disk",
  "hashing": "hashing on this machine",
  "rate": "--limit-rate",
};
