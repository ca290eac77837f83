// Starts programs of Morsel on Node and Bun.

import { spawn } from "node:child_process";
import process from "node:process";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Child, ChildOptions } from "./child.ts";

/** Where the source lies inside a binary that Bun has built, on Unix and on Windows. */
const IN_BINARY = /^file:\/+(\$bunfs|[A-Z]:\/~BUN)\//i;

/** Starts a program, or this binary again. */
export function startNodeChild({ program, args }: ChildOptions): Child {
  const script = IN_BINARY.test(program) ? [] : [...process.execArgv, fileURLToPath(program)];
  const child = spawn(process.execPath, [...script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  return {
    input: Writable.toWeb(child.stdin),
    output: Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
    ended,
    kill: () => void child.kill("SIGKILL"),
  };
}
