// Runs many worlds, as `deno task simulate` does: --seeds HOW-MANY, --from THE-FIRST, or --seed ONE, and
// --verbose for the whole log. Exits with 1 when a world is not as it has to be.

import { parseArgs } from "@std/cli";
import { type Outcome, simulate } from "./simulation.ts";

/** Lines of the log that are shown of a run that failed. */
const TAIL = 60;
/** How often progress is told, in milliseconds. */
const PROGRESS_MS = 10_000;

/** What all runs came to. */
interface Totals {
  seeds: number;
  simulatedMs: number;
  operations: number;
  readonly faults: Map<string, number>;
  readonly failed: number[];
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let isClear = true;
  const options = parseArgs(args, {
    string: ["seeds", "from", "seed"],
    boolean: ["verbose"],
    default: { seeds: "1000", from: "1" },
    unknown: () => isClear = false,
  });
  const first = Number(options.seed ?? options.from);
  const count = options.seed === undefined ? Number(options.seeds) : 1;
  if (!isClear || !Number.isSafeInteger(first) || !Number.isSafeInteger(count)) {
    say("usage: deno task simulate [--seeds HOW-MANY] [--from SEED] | --seed SEED [--verbose]");
    return 2;
  }
  const totals: Totals = { seeds: 0, simulatedMs: 0, operations: 0, faults: new Map(), failed: [] };
  const sinceMs = performance.now();
  let saidMs = sinceMs;
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulate(seed);
    add(totals, outcome);
    if (outcome.problems.length > 0) say(failureText(outcome, options.verbose));
    else if (options.verbose) say(outcome.log.join("\n"));
    if (performance.now() - saidMs > PROGRESS_MS) {
      saidMs = performance.now();
      say(`${totals.seeds} of ${count} seeds, ${totals.failed.length} failed`);
    }
  }
  say(summary(totals, performance.now() - sinceMs));
  return totals.failed.length > 0 ? 1 : 0;
}

function add(totals: Totals, { seed, problems, simulatedMs, operations, faults }: Outcome): void {
  totals.seeds++;
  totals.simulatedMs += simulatedMs;
  totals.operations += operations;
  for (const [kind, count] of faults) {
    totals.faults.set(kind, (totals.faults.get(kind) ?? 0) + count);
  }
  if (problems.length > 0) totals.failed.push(seed);
}

/** What a run that failed did last, and how to see it again. */
export function failureText({ seed, problems, log }: Outcome, whole = false): string {
  return [
    `seed ${seed} failed:`,
    ...(whole ? log : log.slice(-TAIL)),
    ...problems.map((problem) => `  ${problem}`),
    `repeat it: deno task simulate --seed ${seed} --verbose`,
  ].join("\n");
}

function summary(totals: Totals, tookMs: number): string {
  const faults = [...totals.faults].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([kind, count]) => `${count} × ${kind}`);
  return [
    `${totals.seeds} seeds in ${(tookMs / 1000).toFixed(1)} s, ` +
    `${(totals.seeds * 1000 / tookMs).toFixed(1)} a second`,
    `${
      (totals.simulatedMs / 3_600_000).toFixed(1)
    } simulated hours, ${totals.operations} operations`,
    `faults: ${faults.join(", ")}`,
    totals.failed.length === 0 ? "none failed" : `failed: ${totals.failed.join(", ")}`,
  ].join("\n");
}

function say(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
