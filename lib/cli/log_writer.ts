// Writes the lines of a log (docs/operating.md) without ever holding its server up: in batches, with a bound on what
// waits. Lines that find no room are dropped and counted, and a line says so.

import type { Clock } from "../base/clock.ts";
import type { AppendedFile } from "../runtime/log_file.ts";
import { printable } from "./format.ts";

/** Characters that may wait to be written: some thousand lines. */
export const MAX_WAITING = 1024 * 1024;
/** Bytes of a batch, but for a longer line. */
const BATCH_SIZE = 64 * 1024;
/** When a place that could not be written is tried again, in milliseconds. */
const RETRY_MS = 1000;
/** How long the last lines may take, in milliseconds. */
const PARTING_MS = 1000;

const utf8 = new TextEncoder();

/** What a {@linkcode LogWriter} works with. */
export interface LogWriterOptions {
  readonly clock: Clock;
  /** Told once each time that writing begins to fail. */
  readonly onFault: (error: unknown) => void;
}

/** The lines of a log on their way. */
export class LogWriter implements AsyncDisposable {
  readonly #target: AppendedFile;
  readonly #options: LogWriterOptions;
  #waiting: string[] = [];
  /** Characters in those. */
  #length = 0;
  #dropped = 0;
  /** What the target has not taken yet of the batch before. */
  #rest = new Uint8Array(0);
  #isFailing = false;
  #isClosed = false;
  #writing: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  /** Takes the target over; `close` closes it. */
  constructor(target: AppendedFile, options: LogWriterOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Has a record written as one line of JSON, or drops it where too much waits. Returns at once. */
  write(record: object): void {
    if (this.#isClosed) return;
    if (this.#length >= MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#tellDropped();
    this.#add(record);
    this.#writing ??= this.#writeAll();
  }

  /** Writes what waits, within a second, and closes the target; what is written then is dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    const late = Promise.withResolvers<void>();
    const stopTimer = this.#options.clock.holdingTimer(PARTING_MS, late.resolve);
    const written = Promise.resolve(this.#writing).then(() => this.#target.close());
    await Promise.race([written.catch(() => {}), late.promise]);
    stopTimer();
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const time = new Date(this.#options.clock.now()).toISOString();
    this.#add({ time, event: "dropped", lines: this.#dropped });
    this.#dropped = 0;
  }

  #add(record: object): void {
    // JSON leaves some control characters and line separators as they are; they are only ever inside strings.
    const line = printable(JSON.stringify(record));
    this.#waiting.push(line);
    this.#length += line.length;
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #writeAll(): Promise<void> {
    // All that happens in the same breath goes into one batch.
    await new Promise<void>((resolve) => this.#options.clock.soon(resolve));
    for (;;) {
      if (this.#rest.length === 0) this.#rest = this.#nextBatch();
      if (this.#rest.length === 0) break;
      const isTaken = await this.#append();
      if (isTaken) continue;
      if (this.#isClosed) break;
      await this.#pause();
    }
    this.#writing = undefined;
  }

  #nextBatch(): Uint8Array<ArrayBuffer> {
    if (this.#waiting.length === 0) this.#tellDropped();
    let [count, length] = [0, 0];
    while (count < this.#waiting.length && length < BATCH_SIZE) {
      length += this.#waiting[count++]!.length;
    }
    const lines = this.#waiting.splice(0, count);
    this.#length -= length;
    return utf8.encode(lines.map((line) => `${line}\n`).join(""));
  }

  /** Whether the target has taken all or some of what is left. */
  async #append(): Promise<boolean> {
    try {
      const count = await this.#target.append(this.#rest);
      this.#rest = this.#rest.subarray(count);
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing) this.#options.onFault(error);
      this.#isFailing = true;
      return false;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const stopTimer = this.#options.clock.timer(RETRY_MS, resolve);
      this.#wake = () => {
        stopTimer();
        resolve();
      };
    });
  }
}
