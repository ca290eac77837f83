// Standard input as the commands read it.

import type { CommandContext } from "./command.ts";

/**
 * The bytes of standard input, which error when the command is to stop. Only a pipe lets a signal end a
 * read that waits for somebody to type.
 */
export function standardInput({ host, signal }: CommandContext): ReadableStream<Uint8Array> {
  return host.stdin.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal });
}
