// A server program that runs while others talk to it. Disposing it ends it and all that it started.

import type { Command } from "./command.ts";
import { type ProcessStat, processTree, secondsOf } from "./processor_time.ts";

/** How a server shows that it is ready: it listens on this port, or writes such a line. */
export type Readiness =
  | { readonly tcp: number }
  | { readonly udp: number }
  | { readonly line: RegExp };

/** What {@linkcode Daemon.start} takes. */
export interface DaemonOptions {
  readonly command: Command;
  readonly ready: Readiness;
  readonly signal: AbortSignal;
}

/** How long a server may take to get ready, and to end, in milliseconds. */
const START_MS = 20_000;
const END_MS = 10_000;
const POLL_MS = 5;

/** A server that was started in the foreground, as a child of this process. */
export class Daemon implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #drained: Promise<unknown>;
  readonly #ready: Readiness;
  readonly #began = performance.now();
  #output = "";
  #match: RegExpExecArray | undefined;
  #readySeconds: number | undefined;
  #hasEnded = false;

  private constructor([program, ...args]: Command, ready: Readiness) {
    this.#ready = ready;
    this.#child = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.pid = this.#child.pid;
    void this.#child.status.then(() => this.#hasEnded = true);
    this.#drained = Promise.all([this.#drain(this.#child.stdout), this.#drain(this.#child.stderr)]);
  }

  /** Starts a server and waits until it is ready. Throws what it said when it ends or takes too long. */
  static async start({ command, ready, signal }: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(command, ready);
    try {
      await daemon.#untilReady(signal);
      return daemon;
    } catch (cause) {
      await daemon[Symbol.asyncDispose]();
      signal.throwIfAborted();
      const said = daemon.#output.trim().split("\n").slice(-3).join(" / ") || "it said nothing";
      throw new Error(`${command[0]} did not start: ${said}`, { cause });
    }
  }

  /** What {@linkcode Readiness}'s `line` matched. */
  get match(): RegExpExecArray {
    return this.#match!;
  }

  /** From its start to when it was ready; exact where that is a line, else by the poll. */
  get readySeconds(): number {
    return this.#readySeconds!;
  }

  /** The processes of the server now. */
  processes(): Promise<ProcessStat[]> {
    return processTree(this.pid);
  }

  /**
   * Its processor time so far in seconds, once it has no more than so many processes: one that is made for
   * each connection counts in full only when it has ended.
   */
  async processorSeconds(mostProcesses: number): Promise<number> {
    let tree = await this.processes();
    for (let waited = 0; tree.length > mostProcesses && waited < 400; waited++) {
      await delay(POLL_MS);
      tree = await this.processes();
    }
    return secondsOf(tree);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const others = (await this.processes()).filter(({ pid }) => pid !== this.pid);
    kill(this.pid, "SIGTERM");
    const late = setTimeout(() => kill(this.pid, "SIGKILL"), END_MS);
    await this.#child.status;
    clearTimeout(late);
    for (const { pid } of others) kill(pid, "SIGKILL");
    await this.#drained;
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    while (this.#readySeconds === undefined) {
      signal.throwIfAborted();
      if (this.#hasEnded) throw new Error("It ended at once");
      if (performance.now() > this.#began + START_MS) throw new Error("It took too long");
      if (await this.#isListening()) this.#setReady();
      else await delay(POLL_MS);
    }
  }

  async #isListening(): Promise<boolean> {
    if ("line" in this.#ready) return false; // the line itself will say it
    const [kind, port] = "tcp" in this.#ready
      ? ["tcp", this.#ready.tcp] as const
      : ["udp", this.#ready.udp] as const;
    // As the process sees it, which may be in another network namespace than this one.
    const table = await Deno.readTextFile(`/proc/${this.pid}/net/${kind}`).catch(() => "");
    return isListening(table, port);
  }

  #setReady(): void {
    this.#readySeconds = (performance.now() - this.#began) / 1000;
  }

  async #drain(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      // A server that writes a lot is not to fill memory: only its last words are ever told.
      this.#output = (this.#output + text).slice(-10_000);
      if (this.#match || !("line" in this.#ready)) continue;
      this.#match = this.#ready.line.exec(this.#output) ?? undefined;
      if (this.#match) this.#setReady();
    }
  }
}

/** Whether a table as in /proc/net/tcp or /proc/net/udp has a socket that waits on this port. */
export function isListening(table: string, port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").some((line) => {
    const [, address, peer] = line.trim().split(/\s+/);
    return address?.endsWith(local) && peer?.endsWith(":0000");
  });
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
