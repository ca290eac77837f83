// The text of a line of progress, made to fit: what matters least goes first when a terminal is narrow.

import {
  fitWidth,
  formatCount,
  formatDuration,
  formatRate,
  formatSize,
  textWidth,
} from "./format.ts";

/** What is known of transfers under way. */
export interface Measured {
  /** Bytes that the other side has acknowledged, or that have arrived. */
  received: number;
  /** How many there will be, if known. */
  total: number | undefined;
  /** Bytes a second over the last seconds; undefined before it could be measured. */
  rate: number | undefined;
}

const GAP = "  ";
const BAR_WIDTH = 20;
// Less of a name tells nothing; rather the rate goes.
const LEAST_NAME_WIDTH = 16;

/** The line of one transfer: `name  ████····  68%  2.7 GiB  112 MiB/s  11s left`. */
export function transferLine(name: string, measured: Measured & { width: number }): string {
  const share = shareOf(measured);
  const size = formatSize(measured.received).padStart(8);
  const parts = share === undefined
    ? [size, rateOf(measured)]
    : [bar(share), percent(share), size, rateOf(measured), timeLeft(measured)];
  // In the order in which they can be done without: bar, time left, rate, size; the percentage stays.
  const dispensable = share === undefined ? [1] : [0, 4, 3, 2];
  return fitLine(name, { parts, dispensable, width: measured.width });
}

/** The line of many transfers: `1,234 of 2,000 files  61%  12.0 MiB  3.4 MiB/s  2s left`. */
export function transfersLine(
  measured: Measured & { files: number; doneFiles: number; width: number },
): string {
  const count = `${formatCount(measured.doneFiles)} of ${formatCount(measured.files)} files`;
  const share = shareOf(measured);
  const size = formatSize(measured.received);
  const parts = [
    share === undefined ? "" : percent(share),
    size,
    rateOf(measured),
    timeLeft(measured),
  ];
  const dispensable = [3, 2, 0, 1];
  return fitLine(count, { parts, dispensable, width: measured.width });
}

function fitLine(
  head: string,
  line: { parts: string[]; dispensable: number[]; width: number },
): string {
  const parts = [...line.parts];
  const rest = () => parts.filter((part) => part !== "").map((part) => GAP + part).join("");
  const least = Math.min(textWidth(head), LEAST_NAME_WIDTH);
  for (const index of line.dispensable) {
    if (least + textWidth(rest()) <= line.width) break;
    parts[index] = "";
  }
  const room = line.width - textWidth(rest());
  return room < 1 ? fitWidth(rest().trim(), line.width) : fitWidth(head, room) + rest();
}

/** From 0 to 0.99: all of it is done only when the commit is answered, and then the line is gone. */
function shareOf({ received, total }: Measured): number | undefined {
  if (total === undefined) return undefined;
  return total === 0 ? 0.99 : Math.min(0.99, received / total);
}

function bar(share: number): string {
  const full = Math.floor(share * BAR_WIDTH);
  return "█".repeat(full) + "·".repeat(BAR_WIDTH - full);
}

function percent(share: number): string {
  return `${Math.floor(share * 100)}%`.padStart(3);
}

function rateOf({ rate }: Measured): string {
  return rate === undefined ? "" : rate < 1 ? "stalled" : formatRate(rate);
}

function timeLeft({ received, total, rate }: Measured): string {
  if (total === undefined || rate === undefined || rate < 1 || received >= total) return "";
  return `${formatDuration((total - received) / rate * 1000)} left`;
}
