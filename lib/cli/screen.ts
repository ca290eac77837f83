// All that a program writes: results on standard output; messages, errors and the lines of progress on
// standard error. One write at a time, so that the lines of progress never end up inside something else.

import { quote } from "../base/names.ts";
import type { Output } from "../runtime/process.ts";
import { describeFailure, type Failure, LocalFileError, stackOf, systemCode } from "./failure.ts";
import { printable } from "./format.ts";
import { TerminalBlock, type TerminalSize } from "./terminal_block.ts";

/** Options of a {@linkcode Screen}. */
export interface ScreenOptions {
  /** Standard output. */
  stdout: Output;
  /** Standard error. */
  stderr: Output;
  /** Whether errors are JSON, too. */
  json?: boolean;
  /** Whether messages are left out. */
  quiet?: boolean;
  /** Whether errors are followed by where they arose. */
  debug?: boolean;
  /** What a person can do about an error, by its code, where the program knows more than the error. */
  nextSteps?: Readonly<Partial<Record<string, string>>>;
}

// Lines of a trace that wait for a slow terminal; beyond it they are counted and left out.
const MAX_WAITING_LINES = 10_000;

const utf8 = new TextEncoder();

/** Something that happened, for a program; docs/command-line.md lists them. */
export interface ScreenEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** The two outputs of a program. A closed output is no error: what goes there is dropped. */
export class Screen {
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #json: boolean;
  readonly #quiet: boolean;
  readonly #debug: boolean;
  readonly #nextSteps: Readonly<Partial<Record<string, string>>>;
  readonly #closed = new Set<Output>();
  readonly #block = new TerminalBlock();
  #last: Promise<void> = Promise.resolve();
  #waiting: string[] = [];
  #dropped = 0;

  constructor(options: ScreenOptions) {
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.#json = options.json ?? false;
    this.#quiet = options.quiet ?? false;
    this.#debug = options.debug ?? false;
    this.#nextSteps = options.nextSteps ?? {};
  }

  /** Whether nobody reads the results any more, as after `| head`. */
  get resultsUnread(): boolean {
    return this.#closed.has(this.#stdout);
  }

  /** Writes lines to standard output; the text carries no line end. */
  results(...lines: string[]): Promise<void> {
    return this.data(utf8.encode(lines.map((line) => `${line}\n`).join("")));
  }

  /** Writes bytes to standard output; they may be reused once this settles. */
  data(bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      const isShared = this.#stdout.isTerminal;
      if (isShared) await this.#writeText(this.#block.hidden());
      await this.#write(this.#stdout, bytes);
      if (isShared) await this.#writeText(this.#block.again(this.#size()));
    });
  }

  /**
   * Writes a line for people to standard error, with control characters shown as what they are. With `json` the event
   * is written in its place, or nothing where it is of no use to a program; with `quiet` neither is.
   */
  async message(line: string, event?: ScreenEvent): Promise<void> {
    if (!this.#json && !this.#quiet) await this.#line(`morsel: ${printable(line)}`);
    else if (event) await this.event(event);
  }

  /** Writes what happened as an object on standard error, with `json` and without `quiet`. */
  async event(event: ScreenEvent): Promise<void> {
    if (this.#json && !this.#quiet) await this.#line(JSON.stringify(event));
  }

  /** Tells of an error in one line on standard error; `item` is which of several things failed. */
  async failure(thrown: unknown, item?: string): Promise<Failure> {
    const failure = describeFailure(thrown);
    const { code, message, detail } = failure;
    const stack = this.#debug ? stackOf(thrown) : undefined;
    if (this.#json) {
      const error = { code, message, detail, ...(item && { item }), ...(stack && { stack }) };
      await this.#line(JSON.stringify({ error }));
    } else {
      // What is wrong with a channel of another kind says itself what to do; a token would not help.
      const saysItself = detail.channel !== undefined || detail.outcome !== undefined;
      const next = saysItself ? undefined : this.#nextSteps[code];
      // Most messages name the file already.
      const about = item && !message.includes(quote(item)) ? `${printable(item)}: ` : "";
      await this.#line(`morsel: ${about}${message}${next ? `; ${next}` : ""}`);
      if (stack) await this.#line(stack.split("\n").map(printable).join("\n"));
    }
    return failure;
  }

  /** Writes text as it is, of one or more lines, to standard error. */
  raw(text: string): Promise<void> {
    return this.#line(text);
  }

  /** Has a line written to standard error soon; for callers that cannot wait. */
  trace(line: string): void {
    if (this.#waiting.length >= MAX_WAITING_LINES) {
      this.#dropped++;
      return;
    }
    if (this.#waiting.push(line) > 1) return;
    // A failure to write was dealt with inside, so nothing is left to wait for.
    void this.#inTurn(async () => {
      const lines = this.#waiting;
      this.#waiting = [];
      if (this.#dropped > 0) lines.push(`(${this.#dropped} lines of the trace are left out)`);
      this.#dropped = 0;
      await this.#writeAbove(lines.join("\n") + "\n");
    });
  }

  /** Shows `lines` as the lines of progress in place of those before; none takes them away. */
  progress(lines: readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#writeText(this.#block.show(lines, this.#size())));
  }

  /** Settles when all that was to be written before has been. */
  flush(): Promise<void> {
    return this.#inTurn(() => Promise.resolve());
  }

  #line(text: string): Promise<void> {
    return this.#inTurn(() => this.#writeAbove(`${text}\n`));
  }

  /** Text that stays, with the lines of progress behind it again: one write, so that nothing flickers. */
  #writeAbove(text: string): Promise<void> {
    return this.#writeText(this.#block.hidden() + text + this.#block.again(this.#size()));
  }

  #writeText(text: string): Promise<void> {
    return this.#write(this.#stderr, utf8.encode(text));
  }

  #size(): TerminalSize {
    return { columns: this.#stderr.columns(), rows: this.#stderr.rows() };
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #write(output: Output, bytes: Uint8Array): Promise<void> {
    if (this.#closed.has(output) || bytes.length === 0) return;
    try {
      await output.write(bytes);
    } catch (error) {
      // Nothing that fails on standard error can be told, so it counts as closed whatever the reason.
      if (output !== this.#stderr && !CLOSED_PIPE.has(systemCode(error))) {
        throw new LocalFileError("write", "standard output", error);
      }
      this.#closed.add(output);
    }
  }
}

// What the systems say of a pipe whose reader is gone; the last two are Windows.
const CLOSED_PIPE: ReadonlySet<string> = new Set(["EPIPE", "ERROR_NO_DATA", "ERROR_BROKEN_PIPE"]);
