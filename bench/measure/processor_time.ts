// Processor time and memory of processes, as Linux tells them in /proc. Not for other systems.

import { readdir } from "node:fs/promises";

/** Ticks a second in /proc/PID/stat: USER_HZ, which is 100 for programs on every architecture. */
const TICKS_PER_SECOND = 100;

/** One process, as /proc/PID/stat has it. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Its own user and system time, in seconds. */
  readonly ownSeconds: number;
  /** The same of children that have ended and were waited for. */
  readonly endedChildrenSeconds: number;
}

/** Takes a line of /proc/PID/stat apart. */
export function parseProcessStat(line: string): ProcessStat {
  // The name of the program stands in brackets and may itself hold brackets and spaces.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ").map(Number);
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15) as [
    number,
    number,
    number,
    number,
  ];
  return {
    pid: Number.parseInt(line),
    parent: fields[1]!,
    ownSeconds: (user + system) / TICKS_PER_SECOND,
    endedChildrenSeconds: (endedUser + endedSystem) / TICKS_PER_SECOND,
  };
}

/** The processes that descend from `pid`, and itself; none when it is gone. */
export async function processTree(pid: number): Promise<ProcessStat[]> {
  const all = await allProcesses();
  const tree = all.filter((process) => process.pid === pid);
  for (const { pid } of tree) tree.push(...all.filter((process) => process.parent === pid));
  return tree;
}

async function allProcesses(): Promise<ProcessStat[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map(async (pid) => {
    try {
      return parseProcessStat(await Deno.readTextFile(`/proc/${pid}/stat`));
    } catch {
      return undefined; // It has ended meanwhile.
    }
  }));
  return stats.filter((stat) => stat !== undefined);
}

/** Processor time of a tree of processes so far, in seconds, with that of children that have ended. */
export function secondsOf(tree: readonly ProcessStat[]): number {
  return tree.reduce((sum, { ownSeconds, endedChildrenSeconds }) => {
    return sum + ownSeconds + endedChildrenSeconds;
  }, 0);
}

/** Processor time of this process's own children that have ended so far, in seconds. */
export async function endedChildrenSeconds(): Promise<number> {
  return parseProcessStat(await Deno.readTextFile("/proc/self/stat")).endedChildrenSeconds;
}

/** Resident memory of a process in KiB: now, and at its peak. */
export async function memoryOf(pid: number): Promise<{ nowKiB: number; peakKiB: number }> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
  return { nowKiB: field("VmRSS"), peakKiB: field("VmHWM") };
}
