// The most memory a command takes while it runs.

import { type Command, CommandError } from "../measure/command.ts";
import { memoryOf } from "../measure/processor_time.ts";

/** The peak is asked for so often, and grows only: it is missed by what comes in the last moment at most. */
const POLL_MS = 5;

/** What a command took, and how many lines it wrote. */
export interface MemoryTaken {
  readonly peakMiB: number;
  readonly lines: number;
}

/** Runs a command and returns its peak of resident memory. Throws a CommandError. */
export async function memoryTakenBy(
  [program, ...args]: Command,
  { signal }: { signal: AbortSignal },
): Promise<MemoryTaken> {
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  let peakKiB = 0;
  const timer = setInterval(async () => {
    const memory = await memoryOf(child.pid).catch(() => undefined);
    if (memory && memory.peakKiB > peakKiB) peakKiB = memory.peakKiB;
  }, POLL_MS);
  try {
    const [lines, errors, { success, code }] = await Promise.all([
      countLines(child.stdout),
      new Response(child.stderr).text(),
      child.status,
    ]);
    signal.throwIfAborted();
    if (!success) throw new CommandError(`${program} ended with ${code}: ${errors.trim()}`);
    return { peakMiB: peakKiB / 1024, lines };
  } finally {
    clearInterval(timer);
  }
}

async function countLines(stream: ReadableStream<Uint8Array>): Promise<number> {
  let lines = 0;
  for await (const bytes of stream) {
    for (const byte of bytes) if (byte === 0x0a) lines++;
  }
  return lines;
}

/** The peak of resident memory of a process, in MiB. */
export async function peakOf(pid: number): Promise<number> {
  return (await memoryOf(pid)).peakKiB / 1024;
}

/** Lets the peak of a process begin again at what it has now; needs its owner's rights. */
export async function forgetPeak(pid: number): Promise<void> {
  await Deno.writeTextFile(`/proc/${pid}/clear_refs`, "5");
}
