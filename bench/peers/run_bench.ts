// A whole comparison: lays out a stage, starts who is there, runs the workloads, prints and writes what came of
// it, and leaves nothing behind, however it ends.

import { EXIT } from "../../lib/cli/exit_codes.ts";
import { formatSize } from "../../lib/cli/format.ts";
import { fileSystemOf, type Machine, machineLine, thisMachine } from "../measure/machine.ts";
import { print } from "../measure/options.ts";
import { resultText, type WorkloadResult } from "../measure/results.ts";
import { howToInstall, missingOf, SERVER_FOLDERS } from "./installed.ts";
import { morsel, type RunningMorsel } from "./morsel.ts";
import { nginx, type RunningNginx } from "./nginx.ts";
import type { Peer, RunningPeer } from "./peer.ts";
import { runWorkload } from "./run_workload.ts";
import { type Contents, layOut, openStage, type Stage, type StageOptions } from "./stage.ts";
import type { Bench, Workload } from "./workload.ts";

/** What is compared, and how. */
export interface BenchOptions
  extends Omit<StageOptions, "folder" | "signal">, Partial<Pick<Bench, "seconds">> {
  /** What is moved; nothing by default, for workloads that see to that themselves. */
  readonly contents?: Contents;
  readonly peers: readonly Peer[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  /** Starts what is to be there for everybody, such as a link. */
  readonly before?: ((signal: AbortSignal) => Promise<AsyncDisposable>) | undefined;
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
  /** Runs of each contender. */
  readonly rounds: number;
  /** What was moved by all. */
  readonly contents: Contents | undefined;
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
  if (Deno.build.os !== "linux") {
    print("bench: This bench needs Linux, which tells of processes in /proc", Deno.stderr);
    return EXIT.unexpected;
  }
  const stop = stopOnSignal();
  // Servers lie in folders that are not on the path of everybody.
  Deno.env.set("PATH", [Deno.env.get("PATH"), ...SERVER_FOLDERS].join(":"));
  try {
    await using left = new AsyncDisposableStack();
    const parent = await Deno.realPath(options.parent);
    const folder = await Deno.makeTempDir({ dir: parent, prefix: "morsel-bench-" });
    left.defer(() => Deno.remove(folder, { recursive: true }));
    if (options.before) left.use(await options.before(stop.signal));
    await compare({ ...options, folder, signal: stop.signal }, left);
    return EXIT.done;
  } catch (error) {
    if (stop.exitCode === undefined) print(`bench: ${messageOf(error)}`, Deno.stderr);
    else print("Stopped; all is removed");
    return stop.exitCode ?? EXIT.unexpected;
  }
}

/** A signal that Ctrl-C aborts, once; whatever comes later does not keep it from tidying up. */
function stopOnSignal(): { readonly signal: AbortSignal; exitCode: number | undefined } {
  const controller = new AbortController();
  const stop = { signal: controller.signal, exitCode: undefined as number | undefined };
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      stop.exitCode ??= name === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
      controller.abort(new DOMException(`Stopped by ${name}`, "AbortError"));
    });
  }
  return stop;
}

async function compare(
  options: BenchOptions & StageOptions,
  left: AsyncDisposableStack,
): Promise<void> {
  const { folder, contents, rounds, seconds = 1, workloads, output } = options;
  const needed = (contents?.size ?? 0) * COPIES;
  const { free, isMemory } = await fileSystemOf(folder);
  if (free < needed) {
    throw new Error(
      `${folder} has ${formatSize(free)} free, but ${formatSize(needed)} are needed; ` +
        "choose another with --folder, or a smaller --size",
    );
  }
  // Now rather than after the first workload.
  if (output !== undefined) (await Deno.open(output, { append: true, create: true })).close();
  const machine = await thisMachine();
  const storage: BenchResults["storage"] = isMemory ? "memory" : "disk";
  print(machineLine(machine));
  if (isMemory) {
    print(`Note: ${folder} is in memory, so nothing here is about a disk; see --folder`);
  }
  const stage = await openStage(options);
  if (contents) {
    print(`Laying out ${formatSize(contents.size)} and ${contents.files} small files in ${folder}`);
    await layOut(stage, contents);
  }
  const { running, missing } = await startPeers(options.peers, stage, left);
  const versions = Object.fromEntries(running.map(({ name, version }) => [name, version]));
  const measuredAt = new Date().toISOString();
  const done: WorkloadResult[] = [];
  const bench = { stage, seconds, ...contents ?? { size: 0, files: 0 }, ...byName(running) };
  for (const workload of workloads) {
    const result = await runWorkload(workload, bench, { rounds, onProgress: note });
    done.push(result);
    print(`\n${resultText(result)}`);
    if (output === undefined) continue;
    const facts = { measuredAt, machine, storage, rounds, contents, versions, missing };
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
      print(`${peer.name}: ${started.version}`);
    } catch (error) {
      stage.signal.throwIfAborted();
      missing.push(`${peer.name}: ${messageOf(error)}`);
      print(`without ${missing.at(-1)}`);
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
  print(`\nGoals\n${judged.join("\n")}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** How far it is, which is no result. */
function note(text: string): void {
  print(text, Deno.stderr);
}
