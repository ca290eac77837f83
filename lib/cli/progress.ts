// How far the transfers of a command have come: a line for each on a terminal and one for all together, or an
// object a second for programs. It draws on a timer of its own, so that neither many small transfers nor a
// stalled one decide how often.

import type { Clock, StopTimer } from "../base/clock.ts";
import type { Progress } from "../client/types.ts";
import { TransferCounters } from "../client/transfer_counters.ts";
import { formatCount, printable } from "./format.ts";
import { limitLine, limitOf } from "./limited_by.ts";
import { progressLines, type ProgressRow } from "./progress_lines.ts";
import { RateMeter } from "./rate_meter.ts";
import type { Screen } from "./screen.ts";

/** Options of a {@linkcode ProgressDisplay}. */
export interface ProgressOptions {
  screen: Screen;
  clock: Clock;
  /** The width of the terminal; 0 when it is not known. */
  columns: () => number;
  /** Its height, in lines; 0 when it is not known. */
  rows: () => number;
  /** How many files the command transfers, as far as it knows at first. */
  files: number;
  /** The bytes of all of them, if known. */
  total?: number;
  /** The limit that the user has set, in bytes a second. */
  limitBytesPerSecond?: number | undefined;
  /** Who looks: a person at a terminal, a program that reads objects, or nobody. */
  audience: "person" | "program" | "nobody";
}

/** One transfer, as it reports. Dispose it at its end, however it ended. */
export interface Tracker extends Disposable {
  /** Where its time goes, for whoever waits to count in. */
  readonly counters: TransferCounters;
  /** Takes what the client reports; fit to be passed on as `onProgress`. */
  readonly update: (progress: Progress) => void;
  /** Says that it goes on behind so many bytes, which have not come now: not a rate of this run. */
  resumed(offset: number): void;
  /** Counts the file as done: its commit was answered, or its bytes are verified. */
  done(): void;
}

interface Transfer {
  readonly name: string;
  readonly beganMs: number;
  readonly meter: RateMeter;
  progress: Progress;
  /** What was reported to a program last. */
  told: Progress;
}

// Who waits less than half a second needs no progress, and more often than ten times a second reads nobody.
const FIRST_DRAW_MS = 500;
const DRAW_MS = 100;
// A program that shows progress to people needs no more.
const TELL_MS = 1000;
// More lines than these nobody follows; files beyond them count in the line of all.
const MOST_LINES = 8;
// Who has waited that long may want to know for what.
const LONG_MS = 10_000;

/** The lines of progress of a command. Dispose it to take them away. */
export class ProgressDisplay implements AsyncDisposable {
  readonly #counters: TransferCounters;
  readonly #options: ProgressOptions;
  readonly #running = new Set<Transfer>();
  /** Those that have a line. */
  readonly #shown = new Set<Transfer>();
  readonly #meter: RateMeter;
  readonly #beganMs: number;
  #files: number;
  #total: number | undefined;
  #received = 0;
  /** Bytes that were there before this run. */
  #resumed = 0;
  #durable = 0;
  #doneFiles = 0;
  /** Whether received and durable have ever differed, as they do in uploads. */
  #showDurable = false;
  #stopTimer: StopTimer | undefined;
  #drawing: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: ProgressOptions) {
    const { clock, audience } = options;
    this.#options = options;
    this.#files = options.files;
    this.#total = options.total;
    this.#beganMs = clock.monotonicMs();
    this.#counters = new TransferCounters(clock);
    this.#meter = new RateMeter(clock);
    this.#meter.note(0);
    if (audience === "nobody") return;
    const firstMs = audience === "person" ? FIRST_DRAW_MS : TELL_MS;
    this.#stopTimer = clock.timer(firstMs, () => this.#tick());
  }

  /** Adds to how many files and bytes there will be. */
  expect({ files, bytes }: { files: number; bytes: number }): void {
    this.#files += files;
    this.#total = (this.#total ?? 0) + bytes;
  }

  /** Adds a transfer under its name. */
  track(name: string): Tracker {
    const { clock } = this.#options;
    const progress: Progress = { received: 0, durable: 0, total: undefined };
    const meter = new RateMeter(clock);
    meter.note(0);
    const beganMs = clock.monotonicMs();
    const transfer: Transfer = { name, beganMs, meter, progress, told: progress };
    this.#running.add(transfer);
    return {
      counters: this.#counters,
      update: (progress) => this.#update(transfer, progress),
      resumed: (offset) => {
        const change = offset - transfer.progress.received;
        transfer.meter.skip(change);
        this.#meter.skip(change);
        this.#resumed += change;
        this.#update(transfer, { ...transfer.progress, received: offset, durable: offset });
      },
      done: () => {
        this.#doneFiles++;
        this.#end(transfer);
      },
      [Symbol.dispose]: () => this.#end(transfer),
    };
  }

  /** Takes the lines away and draws no more; after long transfers one says what limited them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { screen, audience } = this.#options;
    this.#ended = true;
    this.#stopTimer?.();
    await this.#drawing;
    if (audience === "person") await screen.progress([]);
    if (audience !== "nobody" && this.#doneFiles > 0) await this.#tellLimit();
  }

  async #tellLimit(): Promise<void> {
    const { screen, clock, limitBytesPerSecond } = this.#options;
    const elapsedMs = clock.monotonicMs() - this.#beganMs;
    if (elapsedMs < LONG_MS) return;
    const bytes = this.#received - this.#resumed;
    const finished = { bytes, elapsedMs, counters: this.#counters, limitBytesPerSecond };
    const { limit, share } = limitOf(finished);
    await screen.message(limitLine(finished), {
      event: "limited",
      by: limit,
      share: Number(share.toFixed(3)),
      bytes,
      elapsedMs: Math.round(elapsedMs),
    });
  }

  #update(transfer: Transfer, progress: Progress): void {
    const before = transfer.progress;
    transfer.progress = progress;
    this.#received += progress.received - before.received;
    this.#durable += progress.durable - before.durable;
    if (progress.durable < progress.received) this.#showDurable = true;
  }

  /** Takes the line of a transfer away at once: its result is about to be written above the others. */
  #end(transfer: Transfer): void {
    this.#running.delete(transfer);
    if (!this.#shown.delete(transfer) || this.#ended) return;
    void this.#options.screen.progress(this.#lines()).catch(() => {}); // the next drawing tells
  }

  #tick(): void {
    if (this.#ended) return;
    this.#drawing = this.#options.audience === "person" ? this.#draw() : this.#tell();
  }

  async #draw(): Promise<void> {
    const { screen, clock } = this.#options;
    this.#meter.note(this.#received);
    await screen.progress(this.#lines());
    // Only now, so that a slow terminal is drawn on less often.
    if (!this.#ended) this.#stopTimer = clock.timer(DRAW_MS, () => this.#tick());
  }

  #lines(): string[] {
    // The last column stays free: some terminals go to the next line when it is written to.
    const width = (this.#options.columns() || 80) - 1;
    return progressLines(this.#rows(), { width, showDurable: this.#showDurable });
  }

  #rows(): ProgressRow[] {
    const { clock, rows } = this.#options;
    const [files, total] = [this.#files, this.#total];
    const nowMs = clock.monotonicMs();
    const most = Math.max(0, Math.min(MOST_LINES, (rows() || 24) - 2));
    this.#shown.clear();
    for (const transfer of this.#running) {
      // What is done in a moment would only flash by.
      if (this.#shown.size >= most || nowMs - transfer.beganMs < FIRST_DRAW_MS) continue;
      this.#shown.add(transfer);
    }
    const shown = Array.from(this.#shown, rowOf);
    if (files <= 1) return shown;
    const name = `${formatCount(this.#doneFiles)} of ${formatCount(files)} files`;
    const [received, durable, rate] = [this.#received, this.#durable, this.#meter.rate];
    return [...shown, { name, received, durable, total, rate }];
  }

  async #tell(): Promise<void> {
    const { screen, clock } = this.#options;
    for (const transfer of this.#running) {
      const { name, progress, told } = transfer;
      if (progress === told) continue;
      const { received, durable, total } = transfer.told = progress;
      await screen.event({ event: "progress", name, received, durable, total });
    }
    if (!this.#ended) this.#stopTimer = clock.timer(TELL_MS, () => this.#tick());
  }
}

function rowOf({ name, progress, meter }: Transfer): ProgressRow {
  meter.note(progress.received);
  return { ...progress, name: printable(name), rate: meter.rate };
}
