// An upload to a worker, on its way to the server that has the data folder: that one hashes, syncs and commits.

import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { BLOCK_SIZE, DIGEST_SIZE } from "../base/merkle.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { FileRecord } from "../store/catalog.ts";
import { insistOnPlace } from "../store/upload_terms.ts";
import { fileOf } from "./exchange.ts";
import type { ServedUpload } from "./guarded_files.ts";
import type { OwnerLink, Untagged } from "./owner_link.ts";
import type { OwnerLinks } from "./owner_links.ts";

/** What is said of an upload when it begins, but for its tag. */
export type BeginFields = Untagged<MessageOf<"Begin">>;

/** An upload that another process takes in. It has a link of its own until it ends. */
export class RelayedUpload implements ServedUpload {
  readonly id: string;
  readonly epoch: number;
  readonly #link: OwnerLink;
  readonly #links: OwnerLinks;
  readonly #last: Promise<Message>;
  readonly #declaredSize: number | undefined;
  readonly #told: Told;
  #received: number;
  #failure: unknown;
  #hasEnded = false;

  private constructor(begun: MessageOf<"Begun">, parts: Parts) {
    const { link, links, last, declaredSize, told } = parts;
    this.id = toHex(begun.upload);
    this.epoch = begun.epoch;
    this.#received = told.durable = begun.offset;
    this.#link = link;
    this.#links = links;
    this.#last = last;
    this.#declaredSize = declaredSize;
    this.#told = told;
    last.catch((thrown) => this.#failure = thrown);
  }

  /** Begins or resumes one in the name of a token. Throws what the server answers. */
  static async begin(
    links: OwnerLinks,
    { by, request, declaredSize }: Pick<Parts, "declaredSize"> & {
      readonly by: string;
      readonly request: BeginFields;
    },
  ): Promise<RelayedUpload> {
    const link = await links.take(by);
    const begun = Promise.withResolvers<MessageOf<"Begun">>();
    const told: Told = { durable: 0 };
    const last = link.call(request, (reply) => {
      if (reply.type === "Leaves") return told.hashes?.add(reply.hashes.slice());
      if (reply.type === "Ack") told.durable = reply.durable;
      else if (reply.type === "Begun") {
        if (reply.offset > 0) told.hashes = new Hashes(reply.offset / BLOCK_SIZE * DIGEST_SIZE);
        begun.resolve({ ...reply, upload: reply.upload.slice() });
      }
      return undefined;
    });
    last.catch((thrown) => {
      begun.reject(thrown);
      told.hashes?.end(thrown);
    });
    try {
      const parts = { link, links, last, declaredSize, told };
      return new RelayedUpload(await begun.promise, parts);
    } catch (thrown) {
      // It is refused, but keeps its tag until it is ended.
      await link.send({ type: "Cancel" });
      links.give(link);
      throw thrown;
    }
  }

  get received(): number {
    return this.#received;
  }

  get durable(): number {
    return this.#told.durable;
  }

  async *leaves(): AsyncGenerator<Uint8Array> {
    if (this.#told.hashes) yield* this.#told.hashes.all;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    const declaredSize = this.#declaredSize;
    insistOnPlace({ size: bytes.length, offset }, this.#received, { declaredSize });
    const { maxChunk } = this.#link;
    for (let start = 0; start < bytes.length; start += maxChunk) {
      const data = bytes.subarray(start, start + maxChunk);
      await this.#link.send({ type: "Data", offset: offset + start, data });
      this.#received += data.length;
    }
    if (this.#failure) throw this.#failure;
  }

  async commit(size: number, digest: Uint8Array): Promise<FileRecord> {
    if (this.#hasEnded) throw this.#over();
    this.#end();
    try {
      await this.#link.send({ type: "Commit", size, digest });
      return fileOf(await this.#last);
    } finally {
      this.#links.give(this.#link);
    }
  }

  async abort(): Promise<void> {
    if (this.#hasEnded) return;
    this.#end();
    await this.#link.send({ type: "Cancel" });
    // Its answer is an Error in any case: that it was cancelled, or what it failed of before.
    await this.#last.catch(() => {});
    this.#links.give(this.#link);
  }

  /** The server keeps what is durable, as it does where a client has gone. */
  async detach(): Promise<void> {
    if (this.#hasEnded) return;
    this.#end();
    this.#link.end();
  }

  /** The link goes on, whether or not all hashes were taken. */
  #end(): void {
    this.#hasEnded = true;
    this.#told.hashes?.end(this.#over());
  }

  #over(): MorselError {
    return new MorselError("fenced", `The upload ${this.id} has ended`);
  }
}

interface Parts {
  readonly link: OwnerLink;
  readonly links: OwnerLinks;
  readonly last: Promise<Message>;
  readonly declaredSize: number | undefined;
  readonly told: Told;
}

/** What the server has said of it so far. */
interface Told {
  /** Bytes that are safe. */
  durable: number;
  /** Of one that is resumed. */
  hashes?: Hashes;
}

/** The hashes that a resumed upload begins with, as they come: the link is not read on from before they are taken. */
class Hashes {
  readonly #pipe = new TransformStream<Uint8Array, Uint8Array>();
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #over = Promise.withResolvers<void>();
  #left: number;

  /** So many bytes of them will come. */
  constructor(size: number) {
    this.#left = size;
  }

  get all(): AsyncIterable<Uint8Array> {
    return this.#pipe.readable;
  }

  /** Settles when they are taken, or nobody wants them any more. */
  add(hashes: Uint8Array): Promise<void> {
    const taken = this.#writer.write(hashes).catch(() => {});
    this.#left -= hashes.length;
    if (this.#left <= 0) this.#writer.close().catch(() => {});
    // A write that waits to be taken is not settled by an abort.
    return Promise.race([taken, this.#over.promise]);
  }

  /** Whoever takes them gets this error; what still comes is dropped. */
  end(why: unknown): void {
    this.#over.resolve();
    this.#writer.abort(why).catch(() => {});
  }
}
