// A few lines at the end of a terminal that are rewritten in place. Text only: what to write to get from the
// lines that stand there to others, changing no more than differs, so that nothing flickers.

/** The size of a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

// A line that is wider than was thought is cut, not wrapped: a wrapped one would put all others out of place.
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";
const CLEAR_TO_LINE_END = "\x1b[K";
const CLEAR_TO_SCREEN_END = "\x1b[J";
// All from the line of the cursor on. The screen below is cleared from the next line: cleared from its very first
// place it would, in some terminals, be kept among the lines that can be scrolled back to.
const CLEAR_BELOW = `\r${CLEAR_TO_LINE_END}\x1b7\x1b[B${CLEAR_TO_SCREEN_END}\x1b8`;

/**
 * The lines, and where the cursor is: always at the start of the first of them. There it stays when a
 * terminal that got narrower wraps the lines below, so that they are cleared whatever became of them.
 */
export class TerminalBlock {
  #lines: readonly string[] = [];
  /** Whether the lines stand on the terminal. */
  #isShown = false;
  #size: TerminalSize | undefined;

  /** What to write to show these lines in place of those before; none takes them away. */
  show(lines: readonly string[], size: TerminalSize): string {
    if (lines.length === 0) {
      const hidden = this.hidden();
      this.#lines = [];
      return hidden;
    }
    const isResized = this.#size?.columns !== size.columns || this.#size?.rows !== size.rows;
    const from = this.#isShown && !isResized ? this.#lines : [];
    const clear = this.#isShown && isResized ? CLEAR_BELOW : "";
    this.#lines = lines;
    this.#size = size;
    this.#isShown = true;
    return clear + change(from, lines);
  }

  /** What to write to take the lines away for a moment, before something that is to stay. */
  hidden(): string {
    if (!this.#isShown) return "";
    this.#isShown = false;
    return CLEAR_BELOW;
  }

  /** What to write to show again what was taken away. */
  again(size: TerminalSize): string {
    return this.#isShown || this.#lines.length === 0 ? "" : this.show(this.#lines, size);
  }
}

function change(from: readonly string[], to: readonly string[]): string {
  const isShorter = to.length < from.length;
  let text = "";
  for (const [index, line] of to.entries()) {
    if (index > 0) text += "\n";
    const isLast = index === to.length - 1;
    if (line === from[index] && !(isLast && isShorter)) continue;
    text += `\r${line}${isLast && isShorter ? CLEAR_TO_SCREEN_END : CLEAR_TO_LINE_END}`;
  }
  if (text.replaceAll("\n", "") === "") return "";
  const up = to.length > 1 ? `\x1b[${to.length - 1}A` : "";
  return `${NO_WRAP}${text}\r${up}${WRAP}`;
}
