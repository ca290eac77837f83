// One upload of a session, from Begin to Commit or Cancel (PROTOCOL.md 4.5): the way of an upload, on the
// server. The store decides when bytes are durable and when they become a file.

import { asMorselError, MorselError } from "../base/errors.ts";
import { fromHex } from "../base/hex.ts";
import { DIGEST_SIZE } from "../base/merkle.ts";
import type { FrameWriter } from "../protocol/frame_writer.ts";
import { MAX_METADATA_SIZE } from "../protocol/limits.ts";
import { type Message, type MessageOf, UNKNOWN_SIZE } from "../protocol/messages.ts";
import { mapSize } from "../protocol/fields.ts";
import { conditionOf, fileMessage } from "./exchange.ts";
import { errorMessage } from "./error_message.ts";
import type { ServedFiles, ServedUpload } from "./guarded_files.ts";
import type { Subject } from "./server_event.ts";

/** What an upload needs of its session. */
export interface UploadContext {
  readonly store: ServedFiles;
  readonly writer: FrameWriter;
  /** An Ack is sent at least each time this many bytes have arrived. */
  readonly ackEvery: number;
  /** Ends the wait for the client's next bytes. */
  readonly endWait: () => void;
  /** Why there is to be no upload, if so. */
  readonly refusal: MorselError | undefined;
  /** Told why it is given up before its client has ended it. */
  readonly onError: (error: MorselError, subject: Subject) => void;
}

/** An upload under way. It stays until its client has ended it, also when it failed long before. */
export class UploadRequest {
  readonly #tag: number;
  readonly #name: string;
  readonly #context: UploadContext;
  readonly #begun: Promise<void>;
  #upload: ServedUpload | undefined;
  #failure: MorselError | undefined;
  #open = true;
  #isCancelled = false;
  #refused = false;
  #received = 0;
  #acked = 0;
  #ackedDurable = 0;

  constructor(request: MessageOf<"Begin">, context: UploadContext) {
    this.#tag = request.tag;
    this.#name = request.name;
    this.#context = context;
    this.#begun = this.#begin(request).catch((thrown) => this.#fail(thrown));
  }

  /** Whether the client may still send Data, Commit or Cancel. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether the client has had its last reply already: all it may do is end the upload. */
  get isRefused(): boolean {
    return this.#refused;
  }

  /** What it is about, for those who watch. */
  subject(type: Message["type"]): Subject {
    const [name, received, upload] = [this.#name, this.#received, this.#upload];
    return { type, name, received, ...(upload && { upload: fromHex(upload.id) }) };
  }

  /** Takes bytes in, which may be reused once this settles. Never rejects: the client is told. */
  async data(offset: number, bytes: Uint8Array): Promise<void> {
    if (!this.#upload) await this.#begun;
    if (this.#failure) return;
    this.#received += bytes.length;
    try {
      const upload = this.#upload!;
      await upload.write(bytes, offset);
      const news = upload.received - this.#acked >= this.#context.ackEvery ||
        upload.durable !== this.#ackedDurable;
      if (news) await this.#ack(upload);
    } catch (thrown) {
      await this.#fail(thrown);
    }
  }

  /** The client has sent all. The last reply. */
  async commit({ size, digest }: MessageOf<"Commit">): Promise<Message> {
    this.end();
    await this.#begun;
    if (this.#failure) throw this.#failure;
    return fileMessage(this.#tag, await this.#upload!.commit(size, digest));
  }

  /** The client wants no file after all. The last reply. */
  async cancel(): Promise<Message> {
    this.#isCancelled = true;
    this.end();
    await this.#begun;
    if (this.#failure) throw this.#failure;
    await this.#upload!.abort();
    return errorMessage(this.#tag, new MorselError("cancelled", "The upload was cancelled"));
  }

  /** Takes no more from the client. */
  end(): void {
    this.#open = false;
    this.#context.endWait();
  }

  /** The connection is gone: what is durable is kept for later. Never rejects. */
  async detach(): Promise<void> {
    if (!this.#open) return;
    this.end();
    await this.#begun;
    if (!this.#failure) await this.#upload!.detach();
  }

  async #begin(request: MessageOf<"Begin">): Promise<void> {
    const { name, modifiedMs, metadata, declaredSize, resume } = request;
    const { store, refusal, writer } = this.#context;
    if (refusal) throw refusal;
    const metadataSize = mapSize(metadata);
    if (metadataSize > MAX_METADATA_SIZE) {
      throw new MorselError(
        "limit",
        `Metadata of ${metadataSize} bytes is over the ${MAX_METADATA_SIZE} allowed`,
        { detail: { limit: "metadata", value: String(MAX_METADATA_SIZE) } },
      );
    }
    if (resume > 1) throw new MorselError("invalid", `There is no resume ${resume}`);
    const upload = this.#upload = await store.beginUpload({
      name,
      condition: conditionOf(request),
      modifiedMs,
      metadata,
      resume: resume === 1,
      ...(declaredSize !== UNKNOWN_SIZE && { declaredSize }),
    });
    const begun: MessageOf<"Begun"> = {
      type: "Begun",
      tag: this.#tag,
      upload: fromHex(upload.id),
      epoch: upload.epoch,
      offset: upload.received,
    };
    this.#acked = this.#ackedDurable = upload.durable;
    // Not awaited: the data that follows needs no answer, and a lost connection shows elsewhere.
    writer.send(begun).catch(() => {});
    await this.#sendLeaves(upload);
  }

  /** The hashes of the blocks that a client who has lost its own need not read again. */
  async #sendLeaves(upload: ServedUpload): Promise<void> {
    if (upload.received === 0) return;
    let index = 0;
    for await (const hashes of upload.leaves()) {
      if (this.#isCancelled || this.#failure) return;
      const part = { type: "Leaves", tag: this.#tag, index, hashes } as const;
      // The next ones are read once these are written.
      if (!await this.#context.writer.send(part).then(() => true, () => false)) return;
      index += hashes.length / DIGEST_SIZE;
    }
  }

  #ack(upload: ServedUpload): Promise<void> {
    const { received, durable } = upload;
    this.#acked = received;
    this.#ackedDurable = durable;
    const ack = { type: "Ack", tag: this.#tag, received, durable } as const;
    // A lost connection is no fault of the upload, which can be gone on with: the reading side notices.
    return this.#context.writer.send(ack).catch(() => {});
  }

  /** Gives the upload up. A client that has not ended it is told at once; its further bytes are dropped. */
  async #fail(thrown: unknown): Promise<void> {
    // Its data and its hashes may both find out.
    if (this.#failure) return;
    const error = this.#failure = asMorselError(thrown, "internal");
    if (this.#open) {
      this.#refused = true;
      this.#context.onError(error, this.subject("Begin"));
      this.#context.writer.send(errorMessage(this.#tag, error)).catch(() => {});
    }
    await this.#upload?.abort().catch(() => {}); // recovery removes what could not be removed now
  }
}
