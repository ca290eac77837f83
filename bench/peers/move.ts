// One run of a transfer: its commands are timed, what arrived is compared with the source, and removed.

import { type Command, outputOf, runCommands } from "../measure/command.ts";
import type { Sample } from "../measure/turns.ts";
import type { RunningMorsel } from "./morsel.ts";
import type { RunningPeer, Way } from "./peer.ts";
import { MANY, type Stage } from "./stage.ts";
import type { Unit } from "./workload.ts";

/** From so many bytes on a move is worth it that memory is filled before, which can take 15 s: less tells no rate. */
const LARGE = 64 * 1024 * 1024;

/** Stores with Morsel what the others have in their folder anyway; returns how to remove it. */
export async function stored(
  stage: Stage,
  morsel: RunningMorsel | undefined,
  from: string,
  name: string,
): Promise<() => Promise<void>> {
  if (!morsel) return () => Promise.resolve();
  if ((await Deno.stat(from)).isDirectory) {
    await outputOf(morsel.command("put", "-r", from), stage);
    return () => morsel.remove(name);
  }
  await outputOf(morsel.command("put", from, "--as", name), stage);
  return async () => void await outputOf(morsel.command("rm", name), stage);
}

/** One fetch of a served file. */
export async function got(
  stage: Stage,
  peer: RunningPeer,
  { way, from, unit, amount }: { way: Way; from: string; unit: Unit; amount: number },
): Promise<Sample> {
  const target = `${stage.fetched}/${from}`;
  return await moved(stage, peer, {
    amount,
    unit,
    commands: way.commands(from, target),
    check: () => compare(stage, `${stage.served}/${from}`, target),
    remove: () => Deno.remove(target),
  });
}

/** One move of files. */
export interface Move {
  /** Bytes or files, for the rate. */
  readonly amount: number;
  readonly unit: Unit;
  readonly commands: readonly Command[];
  /** Throws unless what arrived is what was sent. */
  check(): Promise<void>;
  remove(): Promise<void>;
}

/** Runs the commands of one move, timed, and checks what came of them. */
export async function moved(stage: Stage, peer: RunningPeer, move: Move): Promise<Sample> {
  const { signal } = stage;
  // What others have left in the system's cache is not to be written on this one's time.
  await outputOf(["sync", "-f", stage.folder], { signal });
  if (move.unit === "MB/s" && move.amount >= LARGE) await fillMemory(stage);
  const processes = (await peer.server.processes()).length;
  const serverBefore = await peer.server.processorSeconds(processes);
  try {
    const { seconds, processorSeconds } = await runCommands(move.commands, { signal });
    const serverSeconds = await peer.server.processorSeconds(processes) - serverBefore;
    await move.check();
    if (move.unit !== "MB/s") return { value: move.unit === "s" ? seconds : move.amount / seconds };
    const gib = move.amount / 2 ** 30;
    return {
      value: move.amount / seconds / 1e6,
      extras: {
        clientSecondsPerGiB: processorSeconds / gib,
        serverSecondsPerGiB: serverSeconds / gib,
      },
    };
  } finally {
    // Where nothing has arrived, the failure that is on its way says more than one of the removal.
    await move.remove().catch(() => {});
  }
}

/**
 * Fills what memory is free with cache, by reading a file that is one hole, as it is on a machine that has run for a while.
 * On a virtual machine what is free goes back to its host two seconds later, and takes five times as long to write to:
 * who was done before that paid nothing, and who was a little slower paid for it.
 */
async function fillMemory({ folder, signal }: Stage): Promise<void> {
  const path = `${folder}/hole`;
  const mebibytes = Math.floor(Deno.systemMemoryInfo().free / 2 ** 20);
  using file = await Deno.open(path, { write: true, create: true });
  const { size } = await file.stat(); // what was read before
  await file.truncate(size + mebibytes * 2 ** 20);
  const part = [`skip=${size / 2 ** 20}`, `count=${mebibytes}`];
  await outputOf(["dd", `if=${path}`, "of=/dev/null", "bs=1M", ...part], { signal });
}

/** Throws unless two files, or all files in two folders, have the same bytes. */
export async function compare({ signal }: Stage, a: string, b: string): Promise<void> {
  await outputOf((await Deno.stat(a)).isDirectory ? ["diff", "-rq", a, b] : ["cmp", a, b], {
    signal,
  });
}

/** A fetched folder, whether the client has put it at the target or in there. */
export async function inner(target: string): Promise<string> {
  const status = await Deno.stat(`${target}/${MANY}`).catch(() => undefined);
  return status?.isDirectory ? `${target}/${MANY}` : target;
}
