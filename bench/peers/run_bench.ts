// A whole comparison: lays out a stage, starts who is there, runs the workloads, prints and writes what came of
// it, and leaves nothing behind, however it ends.

import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { denoProcess } from "../../lib/runtime/deno_process.ts";
import { stopOnSignal } from "../../lib/cli/stop_on_signal.ts";
import { formatSize } from "../../lib/cli/format.ts";
import { fileSystemOf, type Machine, machineLine, thisMachine } from "../measure/machine.ts";
import { resultText, type WorkloadResult } from "../measure/results.ts";
import { howToInstall, missingOf, SERVER_FOLDERS } from "./installed.ts";
import { morsel, type RunningMorsel } from "./morsel.ts";
import { nginx, type RunningNginx } from "./nginx.ts";
import type { Peer, RunningPeer } from "./peer.ts";
import { runWorkload } from "./run_workload.ts";
import { openStage, type Stage, type StageOptions } from "./stage.ts";
import type { Bench, Workload } from "./workload.ts";

/** What is compared, and how. */
export interface BenchOptions
  extends Omit<StageOptions, "folder" | "signal">, Pick<Bench, "seconds"> {
  readonly peers: readonly Peer[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  /** Where a temporary folder is made for everything. */
  readonly parent: string;
  /** A file for the results as JSON, written after each workload. */
  readonly output: string | undefined;
}

/** What is written to a file. */
export interface BenchResults {
  readonly measuredAt: string;
  readonly machine: Machine;
  /** Whether the files were on a disk or in a file system in memory. */
  readonly storage: "disk" | "memory";
  /** Bytes in the large file, the number of small ones, runs of each contender, seconds of each rate. */
  readonly size: number;
  readonly files: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Versions by peer. */
  readonly versions: Readonly<Record<string, string>>;
  /** Who was left out, and why. */
  readonly missing: readonly string[];
  readonly workloads: readonly WorkloadResult[];
}

/** The folder needs room for the large file this many times: the source, what is stored, what is fetched. */
const COPIES = 5;

/** Runs it all. Returns the exit code: 0, 1 when it could not be run, or that of the signal that ended it. */
export async function runBench(options: BenchOptions): Promise<number> {
  using stop = stopOnSignal(denoProcess({ files: nodeFiles }));
  // Servers lie in folders that are not on the path of everybody.
  Deno.env.set("PATH", [Deno.env.get("PATH"), ...SERVER_FOLDERS].join(":"));
  try {
    await using left = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ dir: options.parent, prefix: "morsel-bench-" });
    left.defer(() => Deno.remove(folder, { recursive: true }));
    await compare({ ...options, folder, signal: stop.signal }, left);
    return 0;
  } catch (error) {
    say(stop.exitCode === undefined ? `bench: ${messageOf(error)}` : "Stopped; all is removed");
    return stop.exitCode ?? 1;
  }
}

async function compare(
  options: BenchOptions & StageOptions,
  left: AsyncDisposableStack,
): Promise<void> {
  const { folder, size, files, rounds, seconds, workloads, output } = options;
  const { free, isMemory } = await fileSystemOf(folder);
  if (free < size * COPIES) {
    throw new Error(
      `${folder} has ${formatSize(free)} free, but ${formatSize(size * COPIES)} are needed; ` +
        "choose another with --folder, or a smaller --size",
    );
  }
  // Now rather than after the first workload.
  if (output !== undefined) (await Deno.open(output, { append: true, create: true })).close();
  const machine = await thisMachine();
  const storage: BenchResults["storage"] = isMemory ? "memory" : "disk";
  say(machineLine(machine));
  if (isMemory) say(`Note: ${folder} is in memory, so nothing here is about a disk; see --folder`);
  say(`Laying out ${formatSize(size)} and ${files} small files in ${folder}`);
  const stage = await openStage(options);
  const { running, missing } = await startPeers(options.peers, stage, left);
  const versions = Object.fromEntries(running.map(({ name, version }) => [name, version]));
  const measuredAt = new Date().toISOString();
  const done: WorkloadResult[] = [];
  const bench = { stage, size, files, seconds, ...byName(running) };
  for (const workload of workloads) {
    const result = await runWorkload(workload, bench, { rounds, onProgress: note });
    done.push(result);
    say(`\n${resultText(result)}`);
    if (output === undefined) continue;
    const facts = { measuredAt, machine, storage, size, files, rounds, seconds, versions, missing };
    const results: BenchResults = { ...facts, workloads: done };
    await Deno.writeTextFile(output, `${JSON.stringify(results, null, 2)}\n`);
  }
  sayVerdicts(done);
}

async function startPeers(
  peers: readonly Peer[],
  stage: Stage,
  left: AsyncDisposableStack,
): Promise<{ running: RunningPeer[]; missing: string[] }> {
  const running: RunningPeer[] = [];
  const missing: string[] = [];
  for (const peer of peers) {
    const programs = await missingOf(peer.programs);
    try {
      if (programs.length > 0) {
        const names = programs.map(({ name }) => name).join(" and ");
        throw new Error(`${names} missing; on Debian: ${howToInstall(programs)}`);
      }
      const started = left.use(await peer.start(stage));
      running.push(started);
      say(`${peer.name}: ${started.version}`);
    } catch (error) {
      stage.signal.throwIfAborted();
      missing.push(`${peer.name}: ${messageOf(error)}`);
      say(`without ${missing.at(-1)}`);
    }
  }
  return { running, missing };
}

function byName(peers: readonly RunningPeer[]): Pick<Bench, "peers" | "morsel" | "nginx"> {
  const named = (name: string) => peers.find((peer) => peer.name === name);
  return {
    peers,
    morsel: named(morsel.name) as RunningMorsel | undefined,
    nginx: named(nginx.name) as RunningNginx | undefined,
  };
}

/** All goals on one page, as they are spread over many tables. */
function sayVerdicts(results: readonly WorkloadResult[]): void {
  const judged = results.flatMap(({ id, rows }) => {
    return rows.flatMap(({ name, goal, verdict, ratio, median }) => {
      if (!goal) return [];
      const value = ratio === 1 || ratio === undefined ? median.toPrecision(3) : ratio.toFixed(2);
      return [`${verdict === "met" ? "met   " : "MISSED"}  ${id}: ${name}: ${value}, ${goal}`];
    });
  });
  say(`\nGoals\n${judged.join("\n")}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Results go to standard output, and how far it is to standard error. */
function say(text: string): void {
  write(Deno.stdout, text);
}

function note(text: string): void {
  write(Deno.stderr, text);
}

function write(to: typeof Deno.stdout, text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let start = 0; start < bytes.length;) start += to.writeSync(bytes.subarray(start));
}
