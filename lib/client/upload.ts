// An upload (PROTOCOL.md 4.5): Begin, Data within the server's window, Commit with the digest made on the
// way. A small file goes out whole before anything comes back: one round trip.

import { MorselError } from "../base/errors.ts";
import { MerkleHasher } from "../base/merkle.ts";
import { CONDITIONS, type Message, UNKNOWN_SIZE } from "../protocol/messages.ts";
import { sendData } from "../protocol/send_data.ts";
import type { Call, Calls } from "./calls.ts";
import { chunkSizeOf } from "./chunk_size.ts";
import { fileInfoOf } from "./file_info.ts";
import { openSource, type SequentialSource } from "./put_source.ts";
import type { ConditionOptions, FileInfo, PutOptions, PutSource } from "./types.ts";

/** Puts a source under a name; the file is durable when this settles. */
export async function upload(
  calls: Calls,
  { name, source }: { name: string; source: PutSource },
  options: PutOptions,
): Promise<FileInfo> {
  const chunk = chunkSizeOf(options, calls.terms);
  const opened = openSource(source, options.size);
  try {
    const outgoing = new OutgoingUpload(calls, opened, options);
    return await outgoing.run(name, chunk);
  } finally {
    await opened.close();
  }
}

/** The fields that carry a condition. Throws a TypeError for two at once. */
export function conditionFields(
  { ifAbsent, ifVersion }: ConditionOptions,
): { condition: number; ifVersion: number } {
  if (ifAbsent && ifVersion !== undefined) {
    throw new TypeError("Cannot ask for ifAbsent and ifVersion at once");
  }
  const kind = ifAbsent ? "absent" : ifVersion !== undefined ? "version" : "any";
  return { condition: CONDITIONS.indexOf(kind), ifVersion: ifVersion ?? 0 };
}

class OutgoingUpload {
  readonly #calls: Calls;
  readonly #source: SequentialSource;
  readonly #options: PutOptions;
  readonly #stop = new AbortController();
  readonly #stopped: Promise<never>;
  readonly #hasher = new MerkleHasher();
  #received = 0;
  #durable = 0;
  #onAck: (() => void) | undefined;

  constructor(calls: Calls, source: SequentialSource, options: PutOptions) {
    this.#calls = calls;
    this.#source = source;
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {}); // most uploads read nothing any more when they are stopped
    this.#stopped = promise;
    this.#stop.signal.addEventListener("abort", () => reject(this.#stop.signal.reason));
  }

  async run(name: string, chunk: number): Promise<FileInfo> {
    const { modifiedMs = 0, metadata = {}, signal } = this.#options;
    const declaredSize = this.#source.size ?? UNKNOWN_SIZE;
    const condition = conditionFields(this.#options);
    const call = await this.#calls.start(
      {
        type: "Begin",
        declaredSize,
        ...condition,
        modifiedMs: wholeMs(modifiedMs),
        metadata,
        name,
      },
      { signal, onReply: (reply) => this.#take(reply) },
    );
    // The call can fail while bytes are still being sent: then there is no sense in sending more.
    call.ended.catch((reason) => {
      this.#stop.abort(reason);
      this.#onAck?.();
    });
    await this.#send(call, chunk);
    const file = fileInfoOf(await call.ended);
    this.#report(file.size, file.size);
    return file;
  }

  /** Sends all bytes and Commit; or, when something fails on the way, Cancel. */
  async #send(call: Call, chunk: number): Promise<void> {
    const { tag } = call;
    const { size } = this.#source;
    // A caller's signal cancels the call the moment it is aborted: no Data may follow its Cancel.
    const given = this.#options.signal;
    const signal = given ? AbortSignal.any([given, this.#stop.signal]) : this.#stop.signal;
    try {
      const end = await sendData(this.#calls.writer, {
        tag,
        start: 0,
        end: size ?? Infinity,
        chunk,
        atMost: this.#calls.terms.window / 4,
        read: (into, offset) => this.#read(into, offset),
        signal,
      });
      if (size !== undefined) await this.#checkSize(end, size);
      signal.throwIfAborted();
      this.#calls.end({ type: "Commit", tag, size: end, digest: this.#hasher.digest() });
    } catch (reason) {
      if (!given?.aborted) this.#calls.end({ type: "Cancel", tag });
      // A write only knows that the connection is lost; the call knows why.
      const isLost = reason instanceof MorselError && reason.code === "connection";
      if (isLost) await call.ended;
      throw reason;
    }
  }

  async #read(into: Uint8Array, offset: number): Promise<number> {
    await this.#room(offset + into.length);
    // A source may be silent for ever, such as a terminal: the end of the call must not wait for it.
    const count = await Promise.race([this.#source.read(into), this.#stopped]);
    this.#hasher.update(into.subarray(0, count));
    return count;
  }

  /** Waits until the window has room for bytes up to `end`. */
  async #room(end: number): Promise<void> {
    const { window } = this.#calls.terms;
    while (end - this.#received > window && !this.#stop.signal.aborted) {
      await this.#calls.waitFor(new Promise<void>((resolve) => this.#onAck = resolve));
    }
  }

  #take(reply: Message): void {
    if (reply.type !== "Ack") return; // Begun tells of an upload id, which only a resume needs
    this.#report(reply.received, reply.durable);
    this.#onAck?.();
  }

  #report(received: number, durable: number): void {
    this.#received = received;
    this.#durable = durable;
    const total = this.#source.size;
    this.#options.onProgress?.({ received: this.#received, durable: this.#durable, total });
  }

  /** A source that is not what it was said to be must not be committed. */
  async #checkSize(end: number, size: number): Promise<void> {
    const grown = end === size && await this.#source.read(new Uint8Array(1)) > 0;
    if (end === size && !grown) return;
    throw new MorselError(
      "invalid",
      `The source has ${
        grown ? `more than ${size}` : end
      } bytes, not ${size}: did it change meanwhile?`,
    );
  }
}

/** File systems tell fractions of milliseconds, and times before 1970; the wire has neither. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.floor(ms));
}
