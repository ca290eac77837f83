// A terminal as far as the programs need one: it keeps what stands on it, wraps lines that are too long, scrolls,
// and wraps them anew when it is resized, as most terminals do.

import { textWidth } from "../../lib/cli/text_width.ts";
import type { Output } from "../../lib/runtime/process.ts";

interface Row {
  /** One string a column; the second column of a wide character is empty. */
  cells: string[];
  /** Whether the next row goes on with it, as it was too long. */
  isWrapped: boolean;
}

/** A terminal of so many columns and rows. */
export class FakeTerminal implements Output {
  readonly isTerminal = true;
  /** Everything that was written, one string a write. */
  readonly writes: string[] = [];
  #columns: number;
  #rows: number;
  #lines: Row[] = [{ cells: [], isWrapped: false }];
  #row = 0;
  #column = 0;
  #wraps = true;
  #saved: [row: number, column: number] = [0, 0];

  constructor(columns = 80, rows = 24) {
    this.#columns = columns;
    this.#rows = rows;
  }

  columns(): number {
    return this.#columns;
  }

  rows(): number {
    return this.#rows;
  }

  write(bytes: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(bytes);
    this.writes.push(text);
    for (const [part] of text.matchAll(PARTS)) this.#take(part);
    return Promise.resolve();
  }

  /** All that stands there and above, a string a row, without what is blank at its end. */
  get text(): string {
    const rows = this.#lines.map(({ cells }) => cells.join("").trimEnd());
    return rows.join("\n").trimEnd();
  }

  /** Row and column of the cursor, counted from the first line ever written. */
  get cursor(): [row: number, column: number] {
    return [this.#row, this.#column];
  }

  /** Gives it another width: long lines are wrapped anew, and the cursor stays with its character. */
  resize(columns: number, rows = this.#rows): void {
    const lines: Row[] = [];
    let cursor: [number, number] = [0, 0];
    for (let row = 0; row < this.#lines.length;) {
      const joined: string[] = [];
      let at = -1;
      let isWrapped = true;
      while (isWrapped && row < this.#lines.length) {
        if (row === this.#row) at = joined.length + this.#column;
        joined.push(...this.#lines[row]!.cells);
        isWrapped = this.#lines[row++]!.isWrapped;
      }
      const start = lines.length;
      const length = joined.join("").trimEnd() === "" ? 0 : joined.length;
      for (let from = 0; from === 0 || from < length; from += columns) {
        const cells = joined.slice(from, from + columns);
        lines.push({ cells, isWrapped: from + columns < length });
      }
      if (at >= 0) cursor = [start + Math.floor(at / columns), at % columns];
    }
    this.#lines = lines;
    [this.#row, this.#column] = cursor;
    this.#columns = columns;
    this.#rows = rows;
  }

  #take(part: string): void {
    const code = CODE.exec(part);
    const count = Number(code?.[1] || 1);
    switch (code ? part.replace(/\d+(?=[AB])/, "") : part) {
      case "\r":
        this.#column = 0;
        break;
      case "\n":
        this.#newLine(false);
        break;
      case "\x1b7":
        this.#saved = [this.#row, this.#column];
        break;
      case "\x1b8":
        [this.#row, this.#column] = this.#saved;
        break;
      case "\x1b[J":
        this.#lines.length = this.#row + 1;
        this.#line.isWrapped = false;
        this.#clearLine();
        break;
      case "\x1b[K":
        this.#clearLine();
        break;
      case "\x1b[?7l":
        this.#wraps = false;
        break;
      case "\x1b[?7h":
        this.#wraps = true;
        break;
      case "\x1b[A":
        this.#row = Math.max(this.#top, this.#row - count);
        break;
      case "\x1b[B":
        this.#row = Math.min(this.#top + this.#rows - 1, this.#row + count);
        while (!this.#line) this.#lines.push({ cells: [], isWrapped: false });
        break;
      default:
        if (code) throw new Error(`The terminal does not know ${JSON.stringify(part)}`);
        for (const { segment } of segments.segment(part)) this.#put(segment);
    }
  }

  #clearLine(): void {
    const { cells } = this.#line;
    cells.length = Math.min(this.#column, cells.length);
  }

  /** The first row that is on the screen. */
  get #top(): number {
    return Math.max(0, this.#lines.length - this.#rows);
  }

  get #line(): Row {
    return this.#lines[this.#row]!;
  }

  #newLine(isWrapped: boolean): void {
    this.#line.isWrapped = isWrapped;
    this.#row++;
    // The cursor of a terminal that is not raw goes to the first column, too.
    this.#column = 0;
    this.#lines[this.#row] ??= { cells: [], isWrapped: false };
  }

  #put(character: string): void {
    const width = textWidth(character);
    if (this.#column + width > this.#columns) {
      if (this.#wraps) this.#newLine(true);
      else this.#column = this.#columns - width;
    }
    const { cells } = this.#line;
    while (cells.length < this.#column) cells.push(" ");
    cells.splice(this.#column, width, character, ...width === 2 ? [""] : []);
    this.#column += width;
  }
}

// deno-lint-ignore no-control-regex
const CODE = /^\x1b\[\??(\d*)([A-Za-z])$/;
// deno-lint-ignore no-control-regex
const PARTS = /\x1b\[\??\d*[A-Za-z]|\x1b[78]|\r|\n|[^\x1b\r\n]+/g;
const segments = new Intl.Segmenter("en", { granularity: "grapheme" });
