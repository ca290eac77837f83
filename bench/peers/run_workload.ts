// Runs one workload to its result, whatever fails on the way.

import { rowsOf, type WorkloadResult } from "../measure/results.ts";
import { inTurns } from "../measure/turns.ts";
import type { Bench, OpenWorkload, Workload } from "./workload.ts";

/** Options of {@linkcode runWorkload}. */
export interface RunOptions {
  readonly rounds: number;
  /** Told of each run. */
  readonly onProgress: (line: string) => void;
}

/** Runs it; who fails is left out of the result and named. Throws only when the stage's signal says so. */
export async function runWorkload(
  workload: Workload,
  bench: Bench,
  { rounds, onProgress }: RunOptions,
): Promise<WorkloadResult> {
  const { id, unit, goals, ownGoal, notes = [], warmups, mostRounds = Infinity } = workload;
  const { signal } = bench.stage;
  const title = workload.title(bench);
  const missing: string[] = [];
  let open: OpenWorkload = { contenders: [] };
  try {
    open = await workload.open(bench);
    missing.push(...open.skipped ?? []);
  } catch (error) {
    signal.throwIfAborted();
    missing.push(`all: ${messageOf(error)}`);
  }
  const samples = await inTurns(open.contenders, {
    rounds: Math.min(rounds, mostRounds),
    ...(warmups !== undefined && { warmups }),
    signal,
    onSample: ({ name }, { value }) => onProgress(`${id}: ${name} ${value.toPrecision(4)} ${unit}`),
    onFailure: ({ name }, error) => missing.push(`${name}: ${messageOf(error)}`),
  });
  await open.close?.().catch((error) => {
    signal.throwIfAborted();
    missing.push(`nothing, but what was stored could not be removed: ${messageOf(error)}`);
  });
  const named = [...samples].map(([{ name }, runs]) => [name, runs] as const);
  const measured = new Set(named.map(([name]) => name));
  for (const name of Object.keys(goals)) {
    if (measured.has(name) || missing.some((line) => line.startsWith(`${name}: `))) continue;
    missing.push(`${name}: it did not take part`);
  }
  const subject = open.contenders.find(({ isSubject }) => isSubject)?.name;
  return {
    id,
    title,
    unit,
    notes,
    rows: rowsOf(named, { subject, goals, ownGoal, unit }),
    missing,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
