// What a figure was measured on: without it the figure says nothing.

import { statfs } from "node:fs/promises";
import config from "../../deno.json" with { type: "json" };

/** Where figures come from. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** The operating system's name, kernel and architecture. */
  readonly system: string;
  /** How TCP finds its rate. */
  readonly congestionControl: string;
  readonly deno: string;
  readonly morsel: string;
}

/** This machine. */
export async function thisMachine(): Promise<Machine> {
  const read = (path: string) => Deno.readTextFile(path).catch(() => "");
  const information = await read("/proc/cpuinfo");
  const control = await read("/proc/sys/net/ipv4/tcp_congestion_control");
  const { os, arch } = Deno.build;
  return {
    processor: /^model name\s*:\s*(.+)$/m.exec(information)?.[1] ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    system: `${os} ${Deno.osRelease()} ${arch}`,
    congestionControl: control.trim() || "unknown",
    deno: Deno.version.deno,
    morsel: config.version,
  };
}

/** The machine in one line. */
export function machineLine({ processor, cores, memoryGiB, system, deno }: Machine): string {
  return `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Deno ${deno}`;
}

/** The file system of a folder: what is free in bytes, and whether it only lives in memory. */
export async function fileSystemOf(folder: string): Promise<{ free: number; isMemory: boolean }> {
  const { type, bavail, bsize } = await statfs(folder);
  return { free: bavail * bsize, isMemory: type === TMPFS || type === RAMFS };
}

// From linux/magic.h.
const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;
