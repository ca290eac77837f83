// One attempt at an upload, over one connection: Begin, Data within the server's window, Commit with the digest
// made on the way; behind what an earlier attempt has made durable, where that is of the same source.

import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE, DIGEST_SIZE, leafHash } from "../base/merkle.ts";
import { unlessAborted } from "../base/wait.ts";
import { concat, equals } from "@std/bytes";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { BATCH_SIZE } from "../protocol/data_batch.ts";
import { sendData } from "../protocol/send_data.ts";
import { BatchPace } from "./batch_pace.ts";
import type { Calls } from "./calls.ts";
import { beginMessage } from "./begin_message.ts";
import { chunkSizeOf } from "./chunk_size.ts";
import { fileInfoOf } from "./file_info.ts";
import type { Call } from "./pending_call.ts";
import type { UploadSource } from "./put_source.ts";
import type { FileInfo, PutOptions } from "./types.ts";
import { UploadHasher } from "./upload_hasher.ts";

/** Blocks of a source of known time that are held against what the server has, beside the first and the last. */
const SAMPLES = 6;

/** What the attempts of one upload share. */
export interface UploadState {
  readonly name: string;
  readonly source: UploadSource;
  readonly options: PutOptions;
  hasher: UploadHasher;
  /** Whether an unfinished upload of the same source is to be gone on with. */
  mayResume: boolean;
  /** Bytes the server has acknowledged. */
  received: number;
  /** What was to be committed when the connection was lost, if so. */
  committing: { size: number; digest: Uint8Array } | undefined;
}

/** One attempt; `run` it once. */
export class UploadAttempt {
  readonly #calls: Calls;
  readonly #state: UploadState;
  readonly #stop = new AbortController();
  readonly #pace = new BatchPace();
  #begun: MessageOf<"Begun"> | undefined;
  #leaves: Uint8Array[] = [];
  #leafCount = 0;
  #received = 0;
  #news: (() => void) | undefined;

  constructor(calls: Calls, state: UploadState) {
    this.#calls = calls;
    this.#state = state;
  }

  /** Puts the source; says so when the server's unfinished upload is of another one. */
  async run(): Promise<FileInfo | "source differs"> {
    const { source, options } = this.#state;
    const chunk = chunkSizeOf(options, this.#calls.terms);
    const call = await this.#begin();
    // The call can fail while bytes are still being sent: then there is no sense in sending more.
    call.ended.catch((reason) => {
      this.#stop.abort(reason);
      this.#news?.();
    });
    try {
      const offset = await this.#startAt();
      if (offset === undefined) {
        this.#calls.end({ type: "Cancel", tag: call.tag });
        await call.ended.catch(() => {});
        return "source differs";
      }
      await this.#send(call, { chunk, offset });
    } catch (reason) {
      this.#calls.end({ type: "Cancel", tag: call.tag });
      // A write only knows that the connection is lost; the call knows why.
      const isLost = reason instanceof MorselError && reason.code === "connection";
      if (isLost) await call.ended;
      throw reason;
    }
    const file = fileInfoOf(await call.ended);
    this.#calls.acknowledge(file.size - this.#received);
    options.onProgress?.({ received: file.size, durable: file.size, total: source.size });
    return file;
  }

  async #begin(): Promise<Call> {
    const { name, source, options, mayResume } = this.#state;
    const begin = beginMessage(name, options, { size: source.size, mayResume });
    const call = await this.#calls.start(begin, {
      signal: options.signal,
      onReply: (reply) => this.#take(reply),
    });
    this.#calls.writer.flush(); // the source may take its time
    return call;
  }

  /** Where the server wants us to go on; undefined when what it has is of another source. */
  async #startAt(): Promise<number | undefined> {
    const { source, options, mayResume } = this.#state;
    if (mayResume) await this.#until(() => this.#begun !== undefined);
    const offset = this.#begun?.offset ?? 0;
    if (offset === 0) {
      this.#state.hasher = new UploadHasher();
      return 0;
    }
    await this.#until(() => this.#leafCount * BLOCK_SIZE >= offset);
    // Our own hashes are the better ones; those of the server are held against the source here and there.
    const leaves = concat(this.#leaves);
    if (this.#state.hasher.goTo(offset)) {
      // Somebody else may have gone on with it in between, with other bytes.
      if (!this.#state.hasher.isBehind(leaves)) return undefined;
    } else {
      if (!await this.#isOfSource(leaves)) return undefined;
      this.#state.hasher = new UploadHasher();
      this.#state.hasher.beginAfter(leaves);
    }
    this.#leaves = [];
    this.#received = this.#state.received = offset;
    options.onEvent?.({ kind: "resumed", offset, total: source.size! });
    return offset;
  }

  async #isOfSource(leaves: Uint8Array): Promise<boolean> {
    const count = leaves.length / DIGEST_SIZE;
    // A size and a time that are the same make the same source likely; a size alone does not.
    const { modifiedMs = 0 } = this.#state.options;
    const blocks = modifiedMs > 0 ? samplesOf(count) : new Array(count).keys();
    const block = new Uint8Array(BLOCK_SIZE);
    for (const index of blocks) {
      const reading = this.#state.source.read(block, index * BLOCK_SIZE);
      const size = await unlessAborted(reading, this.#stop.signal);
      const leaf = leaves.subarray(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE);
      if (!equals(leafHash(block.subarray(0, size)), leaf)) return false;
    }
    return true;
  }

  /** Sends all bytes from `offset` on, and Commit. */
  async #send({ tag }: Call, { chunk, offset }: { chunk: number; offset: number }): Promise<void> {
    const { source, options, hasher } = this.#state;
    const { size } = source;
    // A caller's signal cancels the call the moment it is aborted: no Data may follow its Cancel.
    const given = options.signal;
    const signal = given ? AbortSignal.any([given, this.#stop.signal]) : this.#stop.signal;
    const end = await sendData(this.#calls.writer, {
      tag,
      start: offset,
      end: size ?? Infinity,
      chunk,
      atMost: (position) => Math.min(this.#calls.terms.window / 4, this.#batchAt(position)),
      read: (into, position) => this.#read(into, position),
      signal,
    });
    // A stream may give all that it was said to have and never end.
    await unlessAborted(this.#checkSource(end), signal);
    signal.throwIfAborted();
    const commit = { size: end, digest: hasher.digest() };
    this.#state.committing = commit;
    this.#calls.end({ type: "Commit", tag, ...commit });
  }

  /** What comes as a stream goes on as it comes, in small batches. */
  #batchAt(position: number): number {
    const { source } = this.#state;
    return source.isRepeatable
      ? this.#pace.next(position, this.#calls.clock.monotonicMs())
      : BATCH_SIZE;
  }

  async #read(into: Uint8Array, position: number): Promise<number> {
    const { window } = this.#calls.terms;
    const { hasher, options: { counters } } = this.#state;
    const hasRoom = () => position + into.length - this.#received <= window;
    if (!hasRoom()) {
      const room = this.#until(hasRoom);
      await (counters?.wait("window", room) ?? room);
    }
    // A source may be silent for ever, such as a terminal: the end of the call must not wait for it.
    const reading = this.#state.source.read(into, position);
    const count = await unlessAborted(reading, this.#stop.signal);
    const bytes = into.subarray(0, count);
    if (counters) counters.hash(() => hasher.update(bytes));
    else hasher.update(bytes);
    return count;
  }

  /** Waits, under the deadline of replies, for one that makes `isSo` true. */
  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      this.#stop.signal.throwIfAborted();
      await this.#calls.waitFor(new Promise<void>((resolve) => this.#news = resolve));
    }
  }

  #take(reply: Message): void {
    const { options, source, hasher } = this.#state;
    if (reply.type === "Begun") this.#begun = reply;
    else if (reply.type === "Leaves") {
      if (reply.hashes.length % DIGEST_SIZE !== 0) {
        throw new MorselError("protocol", "The server sent a part of a hash in Leaves");
      }
      this.#leaves.push(reply.hashes.slice());
      this.#leafCount += reply.hashes.length / DIGEST_SIZE;
      if (this.#leafCount * BLOCK_SIZE > (this.#begun?.offset ?? 0)) {
        throw new MorselError("protocol", "The server sent more Leaves than it has bytes");
      }
    } else if (reply.type === "Ack") {
      const { received, durable } = reply;
      this.#calls.acknowledge(received - this.#received);
      this.#received = this.#state.received = received;
      hasher.settle(durable);
      options.onProgress?.({ received, durable, total: source.size });
    }
    this.#news?.();
  }

  /** A source that is not what it was said to be must not be committed. */
  async #checkSource(end: number): Promise<void> {
    const { source } = this.#state;
    const { size } = source;
    if (size !== undefined && end !== size) {
      throw changed(`The source has ${end} bytes, not ${size}: did it change meanwhile?`);
    }
    if (size !== undefined && await source.read(new Uint8Array(1), size) > 0) {
      throw changed(
        `The source has more than ${size} bytes, not ${size}: did it change meanwhile?`,
      );
    }
    if (!await source.isUnchanged()) throw changed("The source has changed while it was sent");
  }
}

/** The first block, the last, and some between them. */
function samplesOf(count: number): Set<number> {
  const samples = Array.from({ length: SAMPLES }, () => Math.floor(Math.random() * count));
  return new Set([0, count - 1, ...samples]);
}

function changed(message: string): MorselError {
  return new MorselError("invalid", message, { detail: { source: "changed" } });
}
