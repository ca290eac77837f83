// What a command line program needs of the process it runs in. Types only; deno_process.ts has it for
// Deno. Programs in lib/cli take it as a parameter and so name no runtime.

import type { LocalFiles } from "./files.ts";

/** The signals that ask a program to stop. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** Standard output or standard error. */
export interface Output {
  /** Whether a person reads it. */
  readonly isTerminal: boolean;
  /** The width of the terminal now; 0 when it is not known. */
  columns(): number;
  /** The height of the terminal now, in lines; 0 when it is not known. */
  rows(): number;
  /**
   * Settles when the system has taken all of `bytes`, which may then be reused. Rejects with an error
   * whose `code` is `EPIPE` once nobody reads any more.
   */
  write(bytes: Uint8Array): Promise<void>;
}

/** The process a program runs in. */
export interface HostProcess {
  /** The arguments, without the names of the runtime and the program. */
  readonly args: readonly string[];
  /** Standard input. */
  readonly stdin: ReadableStream<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The file system, with paths as the user writes them. */
  readonly files: LocalFiles;
  /** Whether paths are those of Windows, with drives and backslashes. */
  readonly windows: boolean;
  /** Whether several processes can listen on one port, each for its share of the connections. */
  readonly sharesPorts: boolean;
  /** A variable of the environment; undefined too when reading it would first ask the user. */
  env(name: string): string | undefined;
  /** Whether reading what is at `path` would not first ask the user. */
  mayRead(path: string): boolean;
  /** Calls `handler` on each signal to stop, in place of the sudden end; returns how to undo that. */
  onSignal(handler: (signal: StopSignal) => void): () => void;
  /** Ends the process at once, whatever is under way. */
  exit(code: number): never;
}
