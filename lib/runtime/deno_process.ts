// The process of a program that runs in Deno.

import type { LocalFiles } from "./files.ts";
import type { HostProcess, Output, StopSignal } from "./process.ts";
import { setTimersLate } from "./system_clock.ts";

/** What {@linkcode denoProcess} is made with. */
export interface DenoProcessOptions {
  /** The file system that the program is to use. */
  files: LocalFiles;
}

/** The process this program runs in. */
export function denoProcess(options: DenoProcessOptions): HostProcess {
  // A program ends by `exit`, whatever is to be waited for.
  setTimersLate();
  return {
    args: Deno.args,
    get stdin() {
      return Deno.stdin.readable;
    },
    stdout: output(Deno.stdout),
    stderr: output(Deno.stderr),
    files: options.files,
    windows: Deno.build.os === "windows",
    sharesPorts: Deno.build.os === "linux" || Deno.build.os === "freebsd",
    env: readEnv,
    mayRead: (path) => Deno.permissions.querySync({ name: "read", path }).state === "granted",
    onSignal,
    exit: (code) => Deno.exit(code),
  };
}

function output(target: typeof Deno.stdout): Output {
  return {
    isTerminal: target.isTerminal(),
    columns: () => consoleSize().columns,
    rows: () => consoleSize().rows,
    async write(bytes) {
      for (let start = 0; start < bytes.length;) start += await target.write(bytes.subarray(start));
    },
  };
}

function consoleSize(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 0, rows: 0 }; // None of the standard streams is a terminal.
  }
}

/** A bare `deno run client.ts` is not to ask for leave to read a variable that is hardly ever set. */
function readEnv(name: string): string | undefined {
  const permission = Deno.permissions.querySync({ name: "env", variable: name });
  return permission.state === "granted" ? Deno.env.get(name) : undefined;
}

function onSignal(handler: (signal: StopSignal) => void): () => void {
  // Windows has no SIGTERM, and Deno refuses to listen for it there.
  const signals: StopSignal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const listeners = signals.map((signal) => ({ signal, listener: () => handler(signal) }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
}
