// `deno task crash [--kills N] [--seed N] [--workers N]`: kills the server N times at random moments and compares all files
// after each start. Ends with 1 and the seed when something was lost, half or not wanted.

import { parseArgs } from "@std/cli";
import { crashRun, type Figures } from "./crash_run.ts";

let isClear = true;
const given = parseArgs(Deno.args, {
  string: ["kills", "seed", "workers"],
  unknown: () => isClear = false,
});
const kills = Number(given.kills ?? 500);
const seed = Number(given.seed ?? Date.now() % 1_000_000);
const workers = Number(given.workers ?? 1);
if (!isClear || ![kills, seed, workers].every(Number.isSafeInteger)) {
  await print("usage: deno task crash [--kills N] [--seed N] [--workers N]");
  Deno.exit(2);
}

await print(`seed ${seed}`);
const startedMs = performance.now();
let told = 0;
try {
  const figures = await crashRun({ kills, seed, workers, onSurvived });
  await print(line(figures));
  await print("nothing lost, nothing half, nothing there that should not be");
} catch (error) {
  await print(Deno.inspect(error));
  await print(
    `failed; deno task crash --kills ${kills} --seed ${seed} --workers ${workers} does the same, at other moments`,
  );
  Deno.exit(1);
}

function onSurvived(figures: Figures): void {
  if (figures.kills < told + 25) return;
  told = figures.kills;
  void print(line(figures));
}

function line(figures: Figures): string {
  const { whileWorking, atCommit, whileStarting, clientKills } = figures;
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  return `${figures.kills} kills (${whileWorking} at work, ${atCommit} at a commit, ` +
    `${whileStarting} at a start), ${clientKills} clients killed, ` +
    `${figures.operations} operations answered, ${figures.filesChecked} files compared, ` +
    `slowest start ${figures.slowestStartMs} ms, ${seconds} s`;
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}
