// The text of the lines of progress, in columns that are made to fit: what matters least goes first when a
// terminal is narrow, and from all lines alike.

import { formatDuration, formatRate, formatSize } from "./format.ts";
import { fitWidth, padWidth, textWidth } from "./text_width.ts";

/** One line: a transfer under way, or all of them together. */
export interface ProgressRow {
  /** What stands in front, fit to be printed. */
  readonly name: string;
  /** Bytes that the other side has acknowledged, or that have arrived. */
  readonly received: number;
  /** Of these, the bytes on the server's stable storage; of a download, all. */
  readonly durable: number;
  /** How many there will be, if known. */
  readonly total: number | undefined;
  /** Bytes a second over the last seconds; undefined before it could be measured. */
  readonly rate: number | undefined;
}

/** How {@linkcode progressLines} shows them. */
export interface ProgressLinesOptions {
  /** The columns there are. */
  readonly width: number;
  /** Whether received and durable are to be told apart, as of uploads. */
  readonly showDurable: boolean;
}

const GAP = "  ";
const BAR_WIDTH = 20;
const SHORT_BAR_WIDTH = 10;
// With less of a name two files look alike, and so does "1,234 of 2,000 files": rather a column goes.
const LEAST_NAME_WIDTH = 20;
// A shorter bar is no loss.
const GOOD_NAME_WIDTH = 24;

const COLUMNS = ["bar", "percent", "size", "total", "durable", "rate", "left"] as const;
type Column = typeof COLUMNS[number];

/** In the order in which they can be done without; the percentage stays. */
const DISPENSABLE: readonly Column[] = ["total", "bar", "left", "durable", "rate", "size"];

/** The lines: `name  ████▒···  68%   2.7 GiB  durable   2.6 GiB   112 MiB/s  11s left`. */
export function progressLines(
  rows: readonly ProgressRow[],
  { width, showDurable }: ProgressLinesOptions,
): string[] {
  if (rows.length === 0) return [];
  const shown = new Set<Column>(COLUMNS);
  if (!showDurable) shown.delete("durable");
  const names = Math.max(...rows.map(({ name }) => textWidth(name)));
  const least = Math.min(names, LEAST_NAME_WIDTH);
  const good = Math.min(names, GOOD_NAME_WIDTH);
  let barWidth = BAR_WIDTH;
  let rests = restsOf(rows, shown, barWidth);
  const isTooWide = (nameWidth: number) => nameWidth + textWidth(rests[0]!) > width;
  for (const column of DISPENSABLE) {
    if (column === "bar" && isTooWide(good)) {
      barWidth = SHORT_BAR_WIDTH;
      rests = restsOf(rows, shown, barWidth);
    }
    // Rather the whole name than the size of a file whose share is shown.
    if (!isTooWide(column === "total" ? names : least)) continue;
    shown.delete(column);
    rests = restsOf(rows, shown, barWidth);
  }
  const room = Math.min(names, width - textWidth(rests[0]!));
  return rows.map(({ name }, index) => {
    const rest = rests[index]!;
    if (room < 1) return fitWidth(rest.trim(), width);
    return (padWidth(fitWidth(name, room), room) + rest).trimEnd();
  });
}

/** What stands behind the names, each column as wide as its widest cell. */
function restsOf(
  rows: readonly ProgressRow[],
  shown: ReadonlySet<Column>,
  barWidth: number,
): string[] {
  const table = rows.map((row) =>
    COLUMNS.filter((column) => shown.has(column)).map((column) => cell(row, column, barWidth))
  );
  const widths = table[0]!.map((_, index) =>
    Math.max(...table.map((cells) => cells[index]!.length))
  );
  return table.map((cells) =>
    cells.map((text, index) => widths[index] === 0 ? "" : GAP + text.padEnd(widths[index]!))
      .join("")
  );
}

function cell(row: ProgressRow, column: Column, barWidth: number): string {
  const { received, durable, total } = row;
  switch (column) {
    case "bar":
      return total === undefined ? "" : bar(row, total, barWidth);
    case "percent":
      return total === undefined ? "" : `${Math.floor(share(received, total) * 100)}%`.padStart(3);
    case "size":
      return formatSize(received).padStart(8);
    case "total":
      return total === undefined ? "" : `of ${formatSize(total)}`;
    case "durable":
      return `durable ${formatSize(durable).padStart(8)}`;
    case "rate":
      return rateOf(row).padStart("1023 KiB/s".length);
    case "left":
      // As wide as can be, so that the other columns do not come and go with it.
      return total === undefined ? "" : timeLeft(row, total).padEnd("59m 59s left".length);
    default:
      return column satisfies never;
  }
}

/** From 0 to 0.99: all of it is done only when the commit is answered, and then the line is gone. */
function share(part: number, total: number): number {
  return total === 0 ? 0.99 : Math.min(0.99, part / total);
}

/** Two fronts: what is durable, and what is received beyond it. */
function bar({ received, durable }: ProgressRow, total: number, width: number): string {
  const full = Math.floor(share(durable, total) * width);
  const begun = Math.floor(share(received, total) * width);
  return "█".repeat(full) + "▒".repeat(Math.max(0, begun - full)) +
    "·".repeat(width - Math.max(full, begun));
}

function rateOf({ rate }: ProgressRow): string {
  return rate === undefined ? "" : rate < 1 ? "stalled" : formatRate(rate);
}

function timeLeft({ received, rate }: ProgressRow, total: number): string {
  // The last bytes are there; the commit, or the rename, is not.
  if (received >= total && total > 0) return "finishing";
  if (rate === undefined || rate < 1) return "";
  return `${formatDuration((total - received) / rate * 1000)} left`;
}
