// The process of a program that runs in Node or Bun.

import process from "node:process";
import { Readable } from "node:stream";
import type { WriteStream } from "node:tty";
import type { LocalFiles } from "./files.ts";
import type { HostProcess, Output, StopSignal } from "./process.ts";

/** What {@linkcode nodeProcess} is made with. */
export interface NodeProcessOptions {
  /** The file system that the program is to use. */
  files: LocalFiles;
}

/** The process this program runs in. */
export function nodeProcess(options: NodeProcessOptions): HostProcess {
  return {
    args: process.argv.slice(2),
    get stdin() {
      return Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>;
    },
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    files: options.files,
    windows: process.platform === "win32",
    sharesPorts: process.platform === "linux" || process.platform === "freebsd",
    env: (name) => process.env[name],
    mayRead: () => true,
    onSignal,
    exit: (code) => process.exit(code),
  };
}

function output(target: WriteStream): Output {
  // A failed write is told to its caller; without a listener it would end the process as well.
  target.on("error", () => {});
  return {
    isTerminal: target.isTTY ?? false,
    columns: () => target.columns ?? 0,
    rows: () => target.rows ?? 0,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        target.write(bytes, (error) => error ? reject(error) : resolve());
      }),
  };
}

function onSignal(handler: (signal: StopSignal) => void): () => void {
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => ({
    signal,
    listener: () => handler(signal),
  }));
  for (const { signal, listener } of listeners) process.on(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}
