// How far the transfers of a command have come, as one line on a terminal. It draws on a timer of its own,
// so that neither many small transfers nor a stalled one decide how often.

import type { Clock, StopTimer } from "../base/clock.ts";
import type { Progress } from "../client/types.ts";
import { printable } from "./format.ts";
import { type Measured, transferLine, transfersLine } from "./progress_line.ts";
import type { Screen } from "./screen.ts";

/** Options of a {@linkcode ProgressDisplay}. */
export interface ProgressOptions {
  screen: Screen;
  clock: Clock;
  /** The width of the terminal; 0 when it is not known. */
  columns: () => number;
  /** How many files the command transfers, as far as it knows at first. */
  files: number;
  /** The bytes of all of them, if known. */
  total?: number;
  /** Without it nothing is ever shown. */
  enabled: boolean;
}

/** One transfer, as it reports. */
export interface Tracker {
  /** Takes what the client reports; fit to be passed on as `onProgress`. */
  readonly update: (progress: Progress) => void;
  /** Counts the file as done: its commit was answered, or its bytes are verified. */
  done(): void;
}

// Who waits less than half a second needs no progress, and more often than ten times a second reads nobody.
const FIRST_DRAW_MS = 500;
const DRAW_MS = 100;
// Long enough to be calm, short enough to show a cable that was pulled.
const RATE_OVER_MS = 3000;

/** The line of progress of a command. Dispose it to take the line away. */
export class ProgressDisplay implements AsyncDisposable {
  readonly #options: ProgressOptions;
  readonly #samples: { atMs: number; bytes: number }[] = [];
  #name = "";
  #received = 0;
  #files: number;
  #total: number | undefined;
  #doneFiles = 0;
  #stopTimer: StopTimer | undefined;
  #drawing: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#files = options.files;
    this.#total = options.total;
    if (options.enabled) this.#stopTimer = options.clock.timer(FIRST_DRAW_MS, () => this.#tick());
  }

  /** Adds to how many files and bytes there will be. */
  expect({ files, bytes }: { files: number; bytes: number }): void {
    this.#files += files;
    this.#total = (this.#total ?? 0) + bytes;
  }

  /** Adds a transfer under the name that is shown while it is the only one. */
  track(name: string): Tracker {
    this.#name = printable(name);
    let received = 0;
    return {
      update: (progress) => {
        this.#received += progress.received - received;
        received = progress.received;
        if (this.#files === 1) this.#total = progress.total ?? this.#total;
        // The first report may be of an upload that goes on from the middle: not a rate of this run.
        if (this.#samples.length === 0) this.#sample();
      },
      done: () => {
        this.#doneFiles++;
      },
    };
  }

  /** Takes the line away and draws no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#stopTimer?.();
    await this.#drawing;
    if (this.#options.enabled) await this.#options.screen.progress("");
  }

  #tick(): void {
    if (this.#ended) return;
    this.#drawing = this.#draw();
  }

  async #draw(): Promise<void> {
    this.#sample();
    await this.#options.screen.progress(this.#line());
    // Only now, so that a slow terminal is drawn on less often.
    if (!this.#ended) this.#stopTimer = this.#options.clock.timer(DRAW_MS, () => this.#tick());
  }

  #line(): string {
    const files = this.#files;
    // The last column stays free: some terminals go to the next line when it is written to.
    const width = (this.#options.columns() || 80) - 1;
    const measured = { received: this.#received, total: this.#total, rate: this.#rate() };
    if (files === 1) return transferLine(this.#name, { ...measured, width });
    return transfersLine({ ...measured, files, doneFiles: this.#doneFiles, width });
  }

  #sample(): void {
    const atMs = this.#options.clock.monotonicMs();
    this.#samples.push({ atMs, bytes: this.#received });
    while (atMs - this.#samples[0]!.atMs > RATE_OVER_MS) this.#samples.shift();
  }

  #rate(): Measured["rate"] {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs === first.atMs) return undefined;
    return Math.max(0, last.bytes - first.bytes) / (last.atMs - first.atMs) * 1000;
  }
}
