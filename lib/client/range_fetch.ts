// Fetches a range of one version in proven pieces (PROTOCOL.md 4.4): asks ahead within a window in bytes, and after
// a lost connection goes on behind what is proven.

import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { BLOCK_SIZE, merkleRoot } from "../base/merkle.ts";
import { quote } from "../base/names.ts";
import { unlessAborted } from "../base/wait.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Calls } from "./calls.ts";
import { chunkSizeOf } from "./chunk_size.ts";
import { DownloadPiece, type PieceRange } from "./download_piece.ts";
import { FetchSession } from "./fetch_session.ts";
import { fileInfoOf } from "./file_info.ts";
import { aheadAfter, FIRST_LENGTH, pieceAfter } from "./fetch_window.ts";
import type { Link } from "./link.ts";
import type { LinkWindow } from "./link_window.ts";
import type { FileInfo, GetOptions } from "./types.ts";

/** Where fetched bytes go. Only bytes of the range that was asked for are handed on. */
export interface FetchConsumer {
  /** The file is known, and with it what there is to fetch. */
  opened(): void;
  /** Takes bytes before they are proven; undefined where it wants them proven. Good until it settles. */
  takeUnproven(bytes: Uint8Array, offset: number): Promise<void> | undefined;
  /** Takes proven bytes, in order, which are its own from then on. */
  takeProven(bytes: Uint8Array<ArrayBuffer>, offset: number): void;
  /** Proven bytes it has not handed on yet: they fill the window. */
  readonly queued: number;
}

/** One fetch, from its making to the end of `run`. */
export class RangeFetch {
  readonly #name: string;
  readonly #options: GetOptions;
  readonly #consumer: FetchConsumer;
  readonly #start: number;
  /** What ranges are whole multiples of: only whole blocks can be proven. */
  readonly #unit: number;
  readonly #wanted = Promise.withResolvers<void>();
  #isWanted = false;
  #file: FileInfo | undefined;
  #end: number;
  /** All before this is proven and with the consumer; at the start of a block, or the end. */
  #proven: number;
  #asked: number;
  #wake: (() => void) | undefined;
  #session: FetchSession | undefined;

  constructor(name: string, options: GetOptions, consumer: FetchConsumer) {
    this.#name = name;
    this.#options = options;
    this.#consumer = consumer;
    this.#start = options.start ?? 0;
    this.#end = Math.max(this.#start, options.end ?? Infinity);
    this.#unit = options.verify === false ? 1 : BLOCK_SIZE;
    this.#proven = this.#asked = this.#start - this.#start % this.#unit;
  }

  /** The file, once the consumer was told that it is open. */
  get file(): FileInfo {
    return this.#file!;
  }

  /** The byte after the last one of the range; at most the size of the file, once that is known. */
  get end(): number {
    return this.#end;
  }

  /** Says that the consumer is about to take bytes. */
  want(): void {
    this.#isWanted = true;
    this.#wanted.resolve();
    this.wake();
  }

  /** Says that the consumer has room again. */
  wake(): void {
    this.#wake?.();
  }

  /** Settles when all is proven and with the consumer; rejects with the signal's reason when it is aborted. */
  async run(link: Link, signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#stop(this.#session, signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const work = (calls: Calls) => this.#fetch(new FetchSession(calls));
      await link.run(work, { signal, progress: () => this.#proven });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #fetch(session: FetchSession): Promise<void> {
    this.#session = session;
    const pieces: Promise<() => void>[] = [];
    this.#asked = this.#proven;
    try {
      while (!this.#isComplete) {
        while (this.#isToAsk(session)) {
          const piece = this.#ask(session);
          piece.catch(() => {}); // seen when its turn comes, or not at all after an earlier failure
          pieces.push(piece);
        }
        if (pieces.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
        else if (!this.#isWanted && await this.#isWantedBefore(pieces[0]!)) continue;
        // In the order of their bytes, whatever order they came in.
        else (await pieces.shift()!)();
        session.throwIfStopped();
      }
    } catch (thrown) {
      session.stop(thrown);
      throw thrown;
    }
  }

  /** Waits until somebody wants the bytes, and then for more to be asked for, or a piece is there. */
  #isWantedBefore(piece: Promise<unknown>): Promise<boolean> {
    return Promise.race([piece.then(() => false), this.#wanted.promise.then(() => true)]);
  }

  get #isComplete(): boolean {
    return this.#file !== undefined && this.#proven >= this.#end;
  }

  /** Whether another piece is wanted and fits the window; one is always let through, whatever its size. */
  #isToAsk({ window }: FetchSession): boolean {
    if (!this.#isWanted) return this.#asked === this.#proven && this.#consumer.queued === 0;
    if (this.#asked >= this.#end) return false;
    const ahead = this.#asked - this.#proven + this.#consumer.queued;
    const taken = this.#proven - this.#start - this.#consumer.queued;
    const most = Math.min(window.size, aheadAfter(taken));
    return ahead === 0 || ahead + this.#nextLength(window) <= most;
  }

  #nextLength({ piece }: LinkWindow): number {
    const length = this.#isWanted ? pieceAfter(this.#asked - this.#start, piece) : FIRST_LENGTH;
    return Math.min(length, this.#roundUp(this.#end) - this.#asked);
  }

  /** Asks for the next piece; what it settles with hands the piece on, once those before it are. */
  async #ask(session: FetchSession): Promise<() => void> {
    const range = { offset: this.#asked, length: this.#nextLength(session.window) };
    const piece = new DownloadPiece(range, {
      isProven: this.#unit === BLOCK_SIZE,
      counters: this.#options.counters,
      takeUnproven: (bytes, at) => this.#takeUnproven(bytes, at, session),
    });
    // Before the file is known there is one piece only, however little of it there is.
    this.#asked += Math.max(1, range.length);
    const end = await this.#read(session, range, piece);
    if (!this.#file) throw new MorselError("protocol", "The server did not describe the file");
    try {
      await piece.prove(end, this.#file);
    } catch (thrown) {
      throw await this.#nameDamage(session, { range, thrown });
    }
    return () => this.#deliver(piece, range);
  }

  async #read(session: FetchSession, range: PieceRange, piece: DownloadPiece): Promise<Message> {
    const { offset, length } = range;
    return await session.call({
      type: "ReadRange",
      offset,
      length,
      chunk: chunkSizeOf(this.#options, session.calls.terms),
      proof: Number(this.#unit === BLOCK_SIZE),
      version: this.#file?.version ?? 0,
      name: this.#name,
    }, (reply) => {
      if (reply.type === "File") return this.#open(reply, session);
      if (reply.type === "Data") {
        const { clock, greetingMs: roundTripMs } = session.calls;
        const isTaken = this.#consumer.queued === 0;
        session.window.arrived(reply.data.length, {
          nowMs: clock.monotonicMs(),
          roundTripMs,
          isTaken,
        });
        this.#report(reply.offset + reply.data.length);
      }
      return piece.take(reply);
    });
  }

  #open(reply: MessageOf<"File">, session: FetchSession): void {
    if (this.#file) throw new MorselError("protocol", "The server described the file twice");
    const file = fileInfoOf(reply);
    const { version = file.version } = this.#options;
    if (file.version !== version) {
      return this.#stop(
        session,
        new MorselError("gone", `Version ${version} of ${quote(this.#name)} is gone`),
      );
    }
    this.#file = file;
    this.#end = Math.max(this.#start, Math.min(this.#end, file.size));
    if (this.#start > file.size) {
      return this.#stop(
        session,
        new MorselError(
          "invalid",
          `Cannot read from offset ${this.#start} of a file of ${file.size} bytes`,
        ),
      );
    }
    // Nothing will come of it that could be held against the digest.
    if (file.size === 0 && this.#unit === BLOCK_SIZE && file.digest !== digestOfNothing()) {
      return this.#stop(session, notEmpty(file));
    }
    this.#consumer.opened();
  }

  #stop(session: FetchSession | undefined, reason: unknown): void {
    session?.stop(reason);
    this.wake();
  }

  #takeUnproven(bytes: Uint8Array, offset: number, session: FetchSession) {
    const wanted = this.#trim(bytes, offset);
    if (wanted.length === 0) return Promise.resolve();
    // A sink that fails ends the download, but not the connection that others use too.
    const fail = (reason: unknown) => this.#stop(session, reason);
    try {
      const taken = this.#consumer.takeUnproven(wanted, Math.max(offset, this.#start));
      // Nor does one that never settles hold it up once the download has ended.
      return taken && unlessAborted(taken, session.signal).catch(fail);
    } catch (thrown) {
      return Promise.resolve(fail(thrown));
    }
  }

  #deliver(piece: DownloadPiece, { offset, length }: PieceRange): void {
    for (const { bytes, offset: at } of piece.kept) {
      const wanted = this.#trim(bytes, at);
      if (wanted.length > 0) this.#consumer.takeProven(wanted, Math.max(at, this.#start));
    }
    this.#proven = Math.min(offset + length, this.file.size);
    this.#options.onProven?.(this.#proven, piece.leaves);
  }

  /** What of these bytes belongs to the range that was asked for, which need not begin with a block. */
  #trim<B extends ArrayBufferLike>(bytes: Uint8Array<B>, offset: number): Uint8Array<B> {
    const from = Math.max(0, this.#start - offset);
    const to = Math.max(from, Math.min(bytes.length, this.#end - offset));
    return bytes.subarray(from, to);
  }

  /** To where the unit that holds the byte before `end` ends. */
  #roundUp(end: number): number {
    return end === Infinity ? end : Math.ceil(end / this.#unit) * this.#unit;
  }

  #report(arrived: number): void {
    const total = this.#end - this.#start;
    const received = Math.max(0, Math.min(arrived, this.#end) - this.#start);
    this.#options.onProgress?.({ received, durable: received, total });
  }

  /** Asks for the blocks of a piece that does not match one by one, to say which of them is damaged. */
  async #nameDamage(
    session: FetchSession,
    { range, thrown }: { range: PieceRange; thrown: unknown },
  ): Promise<unknown> {
    if (!(thrown instanceof MorselError) || thrown.code !== "integrity") return thrown;
    const end = Math.min(range.offset + range.length, this.file.size);
    for (let offset = range.offset; offset < end; offset += BLOCK_SIZE) {
      const block = { offset, length: BLOCK_SIZE };
      const piece = new DownloadPiece(block, {
        isProven: true,
        takeUnproven: () => undefined,
      });
      try {
        await piece.prove(await this.#read(session, block, piece), this.file);
      } catch (error) {
        return error;
      }
    }
    return thrown;
  }
}

function notEmpty({ name, version }: FileInfo): MorselError {
  return new MorselError(
    "integrity",
    `Version ${version} of ${quote(name)} is said to be empty, and its digest says that it is not`,
    { detail: { name, offset: "0", end: "0" } },
  );
}

function digestOfNothing(): string {
  return toHex(merkleRoot(new Uint8Array(0)));
}
