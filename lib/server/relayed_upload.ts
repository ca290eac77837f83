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
  readonly #hashes: Hashes;
  /** Bytes the server has said are safe. */
  readonly #progress: { durable: number };
  #received: number;
  #failure: unknown;
  #hasEnded = false;

  private constructor(begun: MessageOf<"Begun">, parts: Parts) {
    const { link, links, last, declaredSize, hashes, progress } = parts;
    this.id = toHex(begun.upload);
    this.epoch = begun.epoch;
    this.#received = progress.durable = begun.offset;
    this.#link = link;
    this.#links = links;
    this.#last = last;
    this.#declaredSize = declaredSize;
    this.#hashes = hashes;
    this.#progress = progress;
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
    const hashes = new Hashes();
    const progress = { durable: 0 };
    const last = link.call(request, (reply) => {
      if (reply.type === "Begun") {
        hashes.wanted = reply.offset / BLOCK_SIZE * DIGEST_SIZE;
        begun.resolve({ ...reply, upload: reply.upload.slice() });
      } else if (reply.type === "Leaves") hashes.add(reply.hashes.slice());
      else if (reply.type === "Ack") progress.durable = reply.durable;
    });
    last.catch((thrown) => {
      begun.reject(thrown);
      hashes.fail(thrown);
    });
    try {
      const parts = { link, links, last, declaredSize, hashes, progress };
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
    return this.#progress.durable;
  }

  leaves(): Promise<Uint8Array> {
    return this.#hashes.all();
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
    if (this.#hasEnded) throw new MorselError("fenced", `The upload ${this.id} has ended`);
    this.#hasEnded = true;
    try {
      await this.#link.send({ type: "Commit", size, digest });
      return fileOf(await this.#last);
    } finally {
      this.#links.give(this.#link);
    }
  }

  async abort(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#link.send({ type: "Cancel" });
    // Its answer is an Error in any case: that it was cancelled, or what it failed of before.
    await this.#last.catch(() => {});
    this.#links.give(this.#link);
  }

  /** The server keeps what is durable, as it does where a client has gone. */
  async detach(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#link.end();
  }
}

interface Parts {
  readonly link: OwnerLink;
  readonly links: OwnerLinks;
  readonly last: Promise<Message>;
  readonly declaredSize: number | undefined;
  readonly hashes: Hashes;
  readonly progress: { durable: number };
}

/** The hashes that a resumed upload begins with, as they come. */
class Hashes {
  /** Bytes of them, once that is known. */
  wanted = 0;
  readonly #parts: Uint8Array[] = [];
  readonly #all = Promise.withResolvers<void>();
  #length = 0;

  constructor() {
    this.#all.promise.catch(() => {}); // not everybody asks for them
  }

  add(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
    if (this.#length >= this.wanted) this.#all.resolve();
  }

  fail(why: unknown): void {
    this.#all.reject(why);
  }

  async all(): Promise<Uint8Array> {
    if (this.#length < this.wanted) await this.#all.promise;
    const hashes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      hashes.set(part, at);
      at += part.length;
    }
    return hashes;
  }
}
