// The frames of one connection, both ways, under their deadlines: what a server's session and a client's
// calls have in common.

import type { Clock } from "../base/clock.ts";
import type { ChannelBinding, Connection } from "../base/connection.ts";
import { MorselError } from "../base/errors.ts";
import { Lane, type RateLimit } from "../base/rate_limit.ts";
import type { UnknownMessage } from "./codec.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";
import { type Deadlines, deadlinesOf, DEFAULT_LIMITS } from "./limits.ts";
import type { Terms } from "./handshake.ts";
import type { Message } from "./messages.ts";
import { Watchdog } from "./watchdog.ts";

/** How long what was handed over may take to be written before it is dropped, in milliseconds: last words, mostly. */
const PARTING_MS = 1000;

/**
 * What a client, which has few connections, reads at once while much arrives, in bytes: with 1 MiB at a time a get takes an
 * eighth longer on loopback (bench/README.md). Linux holds up to 6 MiB for one connection.
 */
const CLIENT_BUFFER = 4 * 1024 * 1024;

/** Options of a {@linkcode FrameConnection}. */
export interface FrameConnectionOptions {
  readonly clock: Clock;
  /** Who is at this end. */
  readonly side: "client" | "server";
  /** The largest frame taken until the terms say another, in bytes. */
  readonly maxFrame: number;
  /** Called with each message in notation, marked `C:` or `S:` with its sender. */
  readonly trace?: ((line: string) => void) | undefined;
  /** What its bytes, both ways, keep to from the beginning. */
  readonly limit?: RateLimit | undefined;
  /** Aborted when the connection was closed by another than this. */
  readonly closed?: AbortSignal | undefined;
  /** Called once when a deadline has passed; what it sends still goes out if the peer takes it. */
  readonly onExpire: (error: MorselError) => void;
}

/** Reads and writes the frames of a connection, and gives it up when a deadline passes. */
export class FrameConnection {
  /** Where frames are written. */
  readonly writer: FrameWriter;
  /** The deadlines in force: the default ones until the greetings have set others. */
  deadlines: Deadlines = deadlinesOf(DEFAULT_LIMITS);
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #reader: FrameReader;
  readonly #watchdog: Watchdog;
  readonly #expire: (error: MorselError) => void;
  /** Ends the pauses of its lanes. */
  #stop: AbortController | undefined;
  readonly #closedElsewhere: AbortSignal | undefined;
  readonly #limits: RateLimit[] = [];
  /** What the bytes from the peer pass, if there is a limit. */
  #lane: Lane | undefined;
  #acknowledged = 0;
  #endFrameWait: (() => void) | undefined;
  #expired: MorselError | undefined;

  /** Takes the connection over; `close` closes it. */
  constructor(connection: Connection, options: FrameConnectionOptions) {
    const { clock, side, maxFrame, trace, onExpire, limit, closed } = options;
    const [own, peer] = side === "client" ? ["C", "S"] : ["S", "C"];
    this.#clock = clock;
    this.#connection = connection;
    this.#expire = (error) => {
      this.#expired ??= error;
      onExpire(error);
      void this.closeSoon();
    };
    this.#watchdog = new Watchdog(clock, this.#expire);
    this.#reader = new FrameReader(connection.readable, {
      maxFrame,
      largeBuffer: side === "client" ? CLIENT_BUFFER : undefined,
      trace: trace && ((line) => trace(`${peer}: ${line}`)),
    });
    this.writer = new FrameWriter(connection.writable, {
      soon: (task) => clock.soon(task),
      guard: (write) => this.waitFor("write", write, () => this.#bytesTaken),
      trace: trace && ((line) => trace(`${own}: ${line}`)),
    });
    this.#closedElsewhere = closed;
    if (limit) this.limitRate(limit);
  }

  /** What a proof can be bound to; undefined on plain TCP. */
  get channelBinding(): ChannelBinding | undefined {
    return this.#connection.channelBinding;
  }

  /** Bytes that have come. */
  get bytesRead(): number {
    return this.#reader.bytesRead;
  }

  /** Bytes that have come or gone: any sign of life. */
  get bytesMoved(): number {
    return this.#reader.bytesRead + this.#connection.bytesWritten;
  }

  /** The first bytes that are not taken yet, for telling what an unexpected peer speaks. */
  get untaken(): Uint8Array {
    return this.#reader.untaken;
  }

  /** Keeps to what the greetings have agreed on, with this end's own largest frame. */
  agree(terms: Terms, maxFrame: number): void {
    this.deadlines = deadlinesOf(terms);
    this.#reader.maxFrame = maxFrame;
    this.#layLanes();
  }

  /** Keeps to a limit from here on, too. */
  limitRate(limit: RateLimit): void {
    this.#limits.push(limit);
    this.#layLanes();
  }

  /** Whether there is a limit that this end keeps to. */
  get isLimited(): boolean {
    return this.#lane !== undefined;
  }

  /**
   * The peer says that it has taken so many bytes more. The system may hold some MB for a slow peer, and tells of
   * large steps only.
   */
  acknowledge(bytes: number): void {
    this.#acknowledged += bytes;
  }

  /** The next message that has come whole, or undefined: see {@linkcode FrameReader.take}. */
  take(): Message | UnknownMessage | undefined {
    if (this.#expired) return undefined;
    const message = this.#reader.take();
    if (message) {
      this.#endFrameWait?.();
      this.#endFrameWait = undefined;
    }
    return message;
  }

  /**
   * Waits for more bytes; false when the peer has ended the stream. Throws `deadline` when one has
   * passed meanwhile, otherwise as {@linkcode FrameReader.fill}.
   */
  async fill(): Promise<boolean> {
    if (this.#reader.insideFrame) this.#endFrameWait ??= this.begin("frame", () => this.bytesRead);
    try {
      const more = await (this.#lane ? this.#fillPiece(this.#lane) : this.#reader.fill());
      if (this.#expired) throw this.#expired;
      return more;
    } catch (thrown) {
      throw this.#expired ?? thrown;
    }
  }

  /** Sends a message and leaves its fate to the reading side, which notices a lost connection. */
  post(message: Message): void {
    this.writer.post(message);
  }

  /** Enters a wait; the function that is returned ends it. `moved` is a count that grows with progress. */
  begin(deadline: keyof Deadlines, moved?: () => number): () => void {
    return this.#watchdog.begin(this.deadlines[deadline], moved);
  }

  /** Waits for `work` under a deadline. */
  async waitFor<T>(deadline: keyof Deadlines, work: Promise<T>, moved?: () => number): Promise<T> {
    const end = this.begin(deadline, moved);
    try {
      return await work;
    } finally {
      end();
    }
  }

  /** Ends it now as a deadline would: nothing more is taken in, and `fill` throws this. */
  giveUp(error: MorselError): void {
    if (this.#expired) return;
    this.#watchdog.stop();
    this.#expire(error);
  }

  /** Whether a deadline has passed, or it was given up; the peer has been told then. */
  get isGivenUp(): boolean {
    return this.#expired !== undefined;
  }

  /** Ends this side's stream after all that was sent, and waits a little for the peer to end its own. */
  async closeGently(): Promise<void> {
    this.begin("linger");
    await this.writer.close();
    await this.#reader.discard();
    await this.close();
  }

  /** Closes once all is written, or after a second: over a slow link it may be much. Never rejects. */
  async closeSoon(): Promise<void> {
    const stopTimer = this.#clock.timer(PARTING_MS, () => this.#closeNow());
    await this.writer.close();
    stopTimer();
    this.#closeNow();
  }

  /** Closes at once; what is not written is dropped. Closing twice is harmless. */
  async close(): Promise<void> {
    this.#watchdog.stop();
    this.#closeNow();
    await this.writer.abort();
  }

  /** What the peer is known to have taken: a measure of progress, and no number of bytes. */
  get #bytesTaken(): number {
    return this.#connection.bytesWritten + this.#acknowledged;
  }

  async #fillPiece(lane: Lane): Promise<boolean> {
    const most = await lane.next();
    const before = this.bytesRead;
    const more = await this.#reader.fill(most);
    lane.moved(this.bytesRead - before);
    return more;
  }

  #layLanes(): void {
    if (this.#limits.length === 0) return;
    const { signal: own } = this.#stop ??= new AbortController();
    const signal = this.#closedElsewhere ? AbortSignal.any([own, this.#closedElsewhere]) : own;
    const options = { stallMs: this.deadlines.frame.silenceMs, signal };
    this.#lane = new Lane(this.#limits, options);
    this.writer.lane = new Lane(this.#limits, options);
  }

  #closeNow(): void {
    this.#stop?.abort(new MorselError("connection", "The connection was closed"));
    this.#connection.close();
  }
}
