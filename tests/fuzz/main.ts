// `deno task fuzz`: --cases HOW-MANY, --seed N. Exits with 1 at the first thing that must not be.

import { parseArgs } from "@std/cli";
import { fuzz, type FuzzOutcome } from "./fuzz.ts";

/** How often progress is told, in milliseconds. */
const PROGRESS_MS = 10_000;

if (import.meta.main) Deno.exit(await main(Deno.args));

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!;
  let isClear = true;
  const options = parseArgs(args, {
    string: ["cases", "seed"],
    default: { cases: "100000" },
    unknown: () => isClear = false,
  });
  const [cases, seed] = [Number(options.cases), Number(options.seed ?? random)];
  if (!isClear || !Number.isSafeInteger(cases) || !Number.isSafeInteger(seed)) {
    say("usage: deno task fuzz [--cases HOW-MANY] [--seed N]");
    return 2;
  }
  say(`seed ${seed}; in use ${memory()}`);
  const sinceMs = performance.now();
  let saidMs = sinceMs;
  const onProgress = (done: FuzzOutcome) => {
    if (performance.now() - saidMs < PROGRESS_MS) return;
    saidMs = performance.now();
    say(`${summary(done)}; in use ${memory()}`);
  };
  const outcome = await fuzz({ seed, cases, onProgress });
  const seconds = ((performance.now() - sinceMs) / 1000).toFixed(0);
  say(`${summary(outcome)} in ${seconds} s; in use ${memory()}`);
  if (outcome.problem === undefined) return 0;
  say(`${outcome.problem}\nrepeat it: deno task fuzz --cases ${outcome.cases} --seed ${seed}`);
  return 1;
}

function summary({ cases, sessions, signatures, inputs }: FuzzOutcome): string {
  return `${cases} cases, ${sessions} of them sessions; ${signatures} different things seen, ` +
    `${inputs} inputs kept`;
}

/** With `--v8-flags=--expose-gc` what lives; otherwise garbage as well. */
function memory(): string {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = Deno.memoryUsage();
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  return `${mib(heapUsed)} of heap, ${mib(rss)} resident`;
}

function say(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
