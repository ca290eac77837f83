// What came of a workload, as it is written to a file and printed for people.

import { type Goal, goalText, judge, type Verdict } from "./goals.ts";
import { median, summarize, type Summary } from "./statistics.ts";
import type { Sample } from "./turns.ts";

/** One contender's runs of a workload. */
export interface Row extends Summary {
  readonly name: string;
  readonly samples: readonly number[];
  /** Medians of what else was measured. */
  readonly extras: Readonly<Record<string, number>>;
  /** The subject's median to this one's; undefined without a subject. */
  readonly ratio: number | undefined;
  /** What the ratio, or the subject's own median, is to be, in words. */
  readonly goal?: string;
  readonly verdict?: Verdict;
}

/** Everything that is known of one workload. */
export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  /** Goals whose contender has no figures, and who was left out, and why. */
  readonly missing: readonly string[];
}

/** Options of {@linkcode rowsOf}. */
export interface RowsOptions {
  /** The row that the others are compared with; undefined when it has no figures. */
  readonly subject: string | undefined;
  /** What the ratios are to be, by the name of the row. */
  readonly goals: Readonly<Record<string, Goal>>;
  /** What the first row's median is to be by itself, in `unit`. */
  readonly ownGoal?: Goal | undefined;
  readonly unit: string;
}

/** Rows in the order they are given, each compared with the subject and judged. */
export function rowsOf(
  samples: readonly (readonly [name: string, runs: readonly Sample[]])[],
  { subject, goals, ownGoal, unit }: RowsOptions,
): Row[] {
  const own = samples.find(([name]) => name === subject)?.[1].map(({ value }) => value);
  return samples.map(([name, runs]) => {
    const values = runs.map(({ value }) => value);
    const summary = summarize(values);
    const ratio = own && median(own) / summary.median;
    const judged = name === subject
      ? ownGoal && { goal: goalText(ownGoal, ` ${unit}`), verdict: judge(ownGoal, summary.median) }
      : ratio !== undefined && goals[name] &&
        { goal: goalText(goals[name]), verdict: judge(goals[name], ratio) };
    return { name, ...summary, samples: values, extras: mediansOf(runs), ratio, ...judged };
  });
}

function mediansOf(runs: readonly Sample[]): Record<string, number> {
  const names = Object.keys(runs[0]?.extras ?? {});
  return Object.fromEntries(names.map((name) => {
    return [name, median(runs.map(({ extras }) => extras?.[name] ?? NaN))];
  }));
}

/** A result as a table, with its notes. */
export function resultText({ title, unit, notes, rows, missing }: WorkloadResult): string {
  const extras = Object.keys(rows[0]?.extras ?? {});
  const head = [
    ...[`${title}, ${unit}`, "median", "min", "max", "1st row is", "goal", ""],
    ...extras.map((name) => EXTRA_HEADS[name] ?? name),
  ];
  const lines = rows.map((row) => [
    row.name,
    ...[row.median, row.min, row.max].map(figure),
    row.ratio === undefined ? "" : `${row.ratio.toFixed(2)}×`,
    row.goal ?? "",
    row.verdict ?? "",
    ...extras.map((name) => figure(row.extras[name] ?? NaN)),
  ]);
  const text = [...missing.map((line) => `without ${line}`), ...notes];
  return [...aligned([head, ...lines]), ...text.map((line) => `  ${line}`)].join("\n");
}

const EXTRA_HEADS: Readonly<Record<string, string>> = {
  clientSecondsPerGiB: "client CPU s/GiB",
  serverSecondsPerGiB: "server CPU s/GiB",
  p50Us: "p50 µs",
  p99Us: "p99 µs",
  serverUs: "server CPU µs each",
  clientPutMiB: "client put",
  serverGetMiB: "server get",
  clientGetMiB: "client get",
  clientKiB: "client",
  clientPeakMiB: "client peak",
  serverGrowthMiB: "server growth",
};

/** A number with three digits that count, or more where it is large. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return "";
  const decimals = value >= 100 || value === 0 ? 0 : 2 - Math.floor(Math.log10(value));
  return value.toFixed(Math.min(decimals, 6));
}

/** Columns side by side: the first to the left, numbers to the right, words to the left. */
function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]!.map((_, column) => {
    return Math.max(...lines.map((line) => line[column]!.length));
  });
  return lines.map((line) =>
    line.map((cell, column) => {
      const isWord = column === 0 || column === 5 || column === 6;
      return isWord ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
    }).join("  ").trimEnd()
  );
}
