// Words between two processes of one program, over a pipe: one JSON value a line.

/** A line longer than this is none of ours. */
const MAX_LINE = 4 * 1024 * 1024;
/** Lines that may wait: whoever does not read them is not well. */
const MAX_WAITING = 100_000;

/** The values that come, until the stream ends. Throws where it is broken, or what comes is no JSON. */
export async function* readJsonLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split("\n");
    text = lines.pop()!;
    if (text.length > MAX_LINE) throw new RangeError(`A line is longer than ${MAX_LINE}`);
    for (const line of lines) yield JSON.parse(line);
  }
}

/** Writes values, in the order of the calls. */
export class JsonLines {
  readonly #write: (bytes: Uint8Array) => Promise<unknown>;
  readonly #onFailure: (why: unknown) => void;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #hasFailed = false;

  /**
   * `onFailure` is called once when a write has failed or too many lines wait; what is sent from then on is
   * dropped.
   */
  constructor(
    write: (bytes: Uint8Array) => Promise<unknown>,
    onFailure: (why: unknown) => void,
  ) {
    this.#write = write;
    this.#onFailure = onFailure;
  }

  /** Sends a value; its fate is that of the whole. */
  send(value: unknown): void {
    if (this.#hasFailed) return;
    if (this.#waiting.length >= MAX_WAITING) {
      return this.#fail(new Error(`${MAX_WAITING} lines wait to be read`));
    }
    this.#waiting.push(JSON.stringify(value) + "\n");
    this.#writing ??= this.#writeAll();
  }

  /** Values that wait for those before them to be written. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Settles once all that was sent is written or dropped. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        await this.#write(new TextEncoder().encode(this.#waiting.splice(0).join("")));
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#writing = undefined;
  }

  #fail(why: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#waiting = [];
    this.#onFailure(why);
  }
}
