// Runs commands to their end, as a user would, and says what they took.

import { endedChildrenSeconds } from "./processor_time.ts";

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** What a run of commands took. */
export interface Took {
  /** From the first start to the last end. */
  readonly seconds: number;
  /** Processor time of the commands and of those they waited for. */
  readonly processorSeconds: number;
}

/** A command that did not end with 0. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** Runs commands one after the other. Throws a CommandError with the last lines of one that fails. */
export async function runCommands(
  commands: readonly Command[],
  { signal }: { signal: AbortSignal },
): Promise<Took> {
  const processorBefore = await endedChildrenSeconds();
  const began = performance.now();
  for (const command of commands) await outputOf(command, { signal });
  const seconds = (performance.now() - began) / 1000;
  return { seconds, processorSeconds: await endedChildrenSeconds() - processorBefore };
}

/** Runs a command and returns what it wrote, standard error first. Throws a CommandError. */
export async function outputOf(
  command: Command,
  { signal }: { signal: AbortSignal },
): Promise<string> {
  const [program, ...args] = command;
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal,
  }).output();
  signal.throwIfAborted();
  const decoder = new TextDecoder();
  const text = decoder.decode(stderr) + decoder.decode(stdout);
  if (success) return text;
  const last = text.trim().split("\n").slice(-3).join(" / ");
  throw new CommandError(`${program} ended with ${code}: ${last || "it said nothing"}`);
}
