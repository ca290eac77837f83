// Plays a transcript (tests/transcripts/README.md) against a server: sends what the client says and
// expects what the server says. Not a client: it knows the frames, and nothing of what they mean.

import { concat } from "@std/bytes";
import { fromHex } from "../../lib/base/hex.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import type { Connection } from "../../lib/runtime/connection.ts";
import {
  mismatch,
  parseBytes,
  parseMessage,
  parsePattern,
  type Pattern,
  type Variables,
} from "./parse_notation.ts";

/** How long a reply or a close may take before the conversation counts as stuck. */
const PATIENCE_MS = 10_000;

/** One side's turn: lines that are sent together, or expected together. */
export type Turn =
  | { readonly by: "client"; readonly lines: readonly string[] }
  | { readonly by: "server"; readonly lines: readonly string[] }
  | { readonly by: "close" };

/** The conversations of a transcript; a line that begins with `==` ends one connection. */
export function conversations(transcript: string): string[] {
  return transcript.split(/^==.*$/m).filter((text) => turnsOf(text).length > 0);
}

/**
 * Plays one conversation over `connection` and closes it. Throws at the first message that is not the
 * one expected, with all that was said. `variables` carries the values of `$name` on.
 */
export async function runTranscript(
  transcript: string,
  connection: Connection,
  variables: Variables = new Map(),
): Promise<void> {
  const peer = new Peer(connection);
  try {
    for (const turn of turnsOf(transcript)) {
      if (turn.by === "client") peer.send(turn.lines, variables);
      else if (turn.by === "server") await peer.expect(turn.lines.map(parsePattern), variables);
      else await peer.expectClose();
    }
    peer.end();
    await peer.expectClose();
  } finally {
    connection.close();
  }
}

/** The turns of a conversation, with `greet` and `put` written out. */
export function turnsOf(transcript: string): Turn[] {
  const turns: { by: "client" | "server" | "close"; lines: string[] }[] = [];
  for (const written of transcript.split("\n")) {
    for (const line of writtenOut(written.trim())) {
      if (line === "" || line.startsWith("#")) continue;
      const match = /^([CS]): (.+)$/.exec(line);
      if (!match) throw new SyntaxError(`Cannot read the line: ${line}`);
      const said = match[2]!;
      const by = match[1] === "C" ? "client" : /^close\b/.test(said) ? "close" : "server";
      const last = turns.at(-1);
      if (last?.by === by) last.lines.push(said);
      else turns.push({ by, lines: [said] });
    }
  }
  return turns;
}

function writtenOut(line: string): string[] {
  if (line === "greet") {
    return [
      "C: Hello tag 0 magic 1297240908 version 1 maxFrame 1052672 idleMs 300000 stallMs 30000 features {}",
      "S: Welcome tag 0 magic 1297240908 version 1 maxFrame * maxChunk * window * maxRequests * maxUploads * maxSessions * idleMs * stallMs * minRate * expiryMs * durability * bootId * features *",
    ];
  }
  const put = /^put ("(?:[^"\\]|\\.)*") (.+) (\$\w+)$/.exec(line);
  if (!put) return [line];
  const [, name, content, version] = put;
  const { length } = parseBytes(content!);
  const data = length > 0 ? [`C: Data tag 999 offset 0 data ${content}`] : [];
  return [
    `C: Begin tag 999 declaredSize ${length} resume 0 condition 0 ifVersion 0 modifiedMs 0 metadata {} name ${name}`,
    ...data,
    `C: Commit tag 999 size ${length} digest merkle(${content})`,
    "S: Begun tag 999 upload * epoch * offset 0",
    `S: File tag 999 version ${version} size ${length} committedMs * modifiedMs 0 digest merkle(${content}) metadata {} name ${name}`,
  ];
}

/** The client's end of the connection. */
class Peer {
  readonly #reader: FrameReader;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #said: string[] = [];

  constructor(connection: Connection) {
    const { maxFrame } = DEFAULT_LIMITS;
    const trace = (line: string) => this.#said.push(`S: ${line}`);
    this.#reader = new FrameReader(connection.readable, { maxFrame, trace });
    this.#writer = connection.writable.getWriter();
    this.#writer.closed.catch(() => {});
  }

  /** Sends lines in one write. Does not wait: whether it arrived is seen by what is answered. */
  send(lines: readonly string[], variables: Variables): void {
    const frames = lines.map((line) => {
      this.#said.push(`C: ${line}`);
      if (line.startsWith("hex ")) return fromHex(line.slice(4).replace(/#.*|\s/g, ""));
      return encode(parseMessage(line, variables));
    });
    this.#writer.write(concat(frames)).catch(() => {});
  }

  /** Waits for messages: those of one tag in their order, those of different tags in any. */
  async expect(patterns: Pattern[], variables: Variables): Promise<void> {
    const open = [...patterns];
    while (open.length > 0) {
      const message = await this.#next(describePattern(open[0]!));
      if (!message) return this.#fail(`The server closed before ${describePattern(open[0]!)}`);
      const index = open.findIndex(({ tag }) => tag === message.tag);
      if (message.type === "Ack" && open[index]?.type !== "Ack") continue;
      if (index < 0) this.#fail(`No message with tag ${message.tag} was expected`);
      const why = mismatch(open[index]!, message, variables);
      if (why) this.#fail(`${describePattern(open[index]!)} was expected, but ${why}`);
      open.splice(index, 1);
    }
  }

  /** Waits for the server to close, without another word. */
  async expectClose(): Promise<void> {
    for (let message; (message = await this.#next("a close")) !== undefined;) {
      if (message.type !== "Ack") this.#fail("The server was expected to close");
    }
  }

  /** Says that nothing more will be sent. */
  end(): void {
    this.#writer.close().catch(() => {});
  }

  async #next(what: string) {
    for (;;) {
      const message = this.#reader.take();
      if (message) return message;
      const filled = await this.#patiently(this.#reader.fill(), what);
      if (!filled) return undefined;
    }
  }

  async #patiently<T>(work: Promise<T>, what: string): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${what} did not come\n${this.#said.join("\n")}`)),
        PATIENCE_MS,
      );
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(problem: string): never {
    throw new Error(`${problem}\n${this.#said.join("\n")}`);
  }
}

function describePattern({ type, tag }: Pattern): string {
  return `${type} tag ${tag}`;
}
