// One upload, from its first byte to its commit: takes bytes in order, hashes them, and knows which of
// them would survive a crash. Small contents stay in memory until the commit; large ones go to a blob.

import { equals } from "@std/bytes";
import type { Clock } from "../base/clock.ts";
import { asMorselError, MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { BLOCK_SIZE } from "../base/merkle.ts";
import type { CheckedName } from "../base/names.ts";
import type { Blobs, BlobWriter } from "./blobs.ts";
import type { Catalog, Condition, FileRecord, Metadata, Place } from "./catalog.ts";
import { removeGarbage } from "./garbage.ts";
import { Turns } from "./turns.ts";
import { MAX_INLINE_SIZE, UploadContent } from "./upload_content.ts";

/** A checkpoint is begun each time this many bytes have come: what a crash costs at most, twice. */
export const CHECKPOINT_SIZE = 64 * 1024 * 1024;

/** What an upload stands on. None of it is closed by the upload. */
export interface UploadParts {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly clock: Clock;
}

/** What is known of an upload when it begins. */
export interface NewUpload {
  /** 32 hexadecimal digits, never used before. */
  readonly id: string;
  readonly name: CheckedName;
  readonly condition: Condition;
  /** In bytes; undefined when its client does not know. */
  readonly declaredSize: number | undefined;
  readonly modifiedMs: number;
  readonly metadata: Metadata;
}

/**
 * An upload under way. End it with `commit`, `abort` or `detach`; calls made before an earlier one has
 * settled wait for it. A write, sync or checkpoint that failed poisons it: every later call but `abort` and
 * `detach` fails with that same error, and its blob is not used again.
 */
export class Upload {
  /** 32 hexadecimal digits; also the id of its blob. */
  readonly id: string;
  /** Grows with every attach. */
  readonly epoch = 1;
  readonly #parts: UploadParts;
  readonly #about: NewUpload;
  readonly #content: UploadContent;
  readonly #turns = new Turns();
  #durable = 0;
  /** Whether the catalog has a row of this upload, and so the blobs may have its bytes. */
  #recorded = false;
  /** Whether a commit failed so that its row may be on disk: the blob must stay until a start can tell. */
  #outcomeUnknown = false;
  #writer: BlobWriter | undefined;
  #checkpointedAt = 0;
  #checkpointing: Promise<void> | undefined;
  #failure: MorselError | undefined;
  #ended = false;

  private constructor(parts: UploadParts, about: NewUpload) {
    this.#parts = parts;
    this.#about = about;
    this.#content = new UploadContent(about.declaredSize ?? 0);
    this.id = about.id;
  }

  /** Begins an upload; the row of one that is known to be large is durable then. */
  static async begin(parts: UploadParts, about: NewUpload): Promise<Upload> {
    const upload = new Upload(parts, about);
    try {
      if ((about.declaredSize ?? 0) > MAX_INLINE_SIZE) await upload.#moveToBlob();
    } catch (thrown) {
      await upload.abort().catch(() => {}); // what is left of it is found on the next start
      throw thrown;
    }
    return upload;
  }

  /** Bytes taken so far; the next write is at this offset. */
  get received(): number {
    return this.#content.size;
  }

  /** Bytes from the start that survive a crash, in whole blocks: where a later resume goes on. */
  get durable(): number {
    return this.#durable;
  }

  /**
   * Takes the next bytes, which may be reused once this settles. Throws `invalid` when `offset` is not
   * `received` or the bytes go past the declared size; nothing of them is taken then.
   */
  write(bytes: Uint8Array, offset: number): Promise<void> {
    return this.#turns.take(() => this.#write(bytes, offset));
  }

  /** Makes the whole blocks received so far durable. Of an upload in memory, none are. */
  checkpoint(): Promise<void> {
    return this.#turns.take(async () => {
      this.#insistOnUsable();
      await this.#checkpoint();
    });
  }

  /**
   * Makes the content a file; it is durable and visible once this settles. Throws `invalid` when `size` is
   * not what was received, `integrity` when `digest` is not what the bytes hash to, `conflict` when
   * the condition does not hold any more. The upload has ended then, as it has after a success.
   */
  commit(size: number, digest: Uint8Array): Promise<FileRecord> {
    return this.#turns.take(() => this.#commit(size, digest));
  }

  /** Ends the upload and removes all of it. Harmless after it has ended. */
  abort(): Promise<void> {
    return this.#turns.take(() => this.#discard());
  }

  /**
   * Ends the use of the upload, as its connection is gone: a large one stays for a later resume, with as
   * much of it durable as possible; another is dropped. Never fails.
   */
  detach(): Promise<void> {
    return this.#turns.take(() => this.#keep());
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    this.#insistOnUsable();
    this.#insistOnPlace(bytes.length, offset);
    if (!this.#writer && offset + bytes.length > MAX_INLINE_SIZE) await this.#moveToBlob();
    await this.#orPoison(() => this.#content.take(bytes));
    if (this.#writer && this.received - this.#checkpointedAt >= CHECKPOINT_SIZE) {
      await this.#beginCheckpoint();
    }
  }

  #insistOnPlace(size: number, offset: number): void {
    if (offset !== this.received) {
      throw new MorselError(
        "invalid",
        `Cannot write chunk at offset ${offset} as the upload has ${this.received} bytes`,
        { detail: { received: String(this.received) } },
      );
    }
    const { declaredSize } = this.#about;
    if (declaredSize !== undefined && offset + size > declaredSize) {
      throw new MorselError(
        "invalid",
        `Cannot write ${size} bytes at offset ${offset} as the upload declared ` +
          `${declaredSize} bytes in all`,
      );
    }
  }

  /** From memory to a blob. The row comes first, so that no crash leaves a blob that nothing names. */
  async #moveToBlob(): Promise<void> {
    const { catalog, blobs, clock } = this.#parts;
    const record = { ...this.#about, epoch: this.epoch, durable: 0, begunMs: clock.now() };
    this.#recorded = true; // also when the next line fails: it may have succeeded behind the failure
    await this.#orPoison(() => catalog.beginUpload(record));
    this.#writer = await this.#orPoison(() => blobs.create(this.id));
    this.#content.moveTo(this.#writer);
  }

  /** In the background, at most one at a time: a disk slower than the network holds the writes up here. */
  async #beginCheckpoint(): Promise<void> {
    this.#checkpointedAt = this.received;
    await this.#checkpointing;
    this.#insistOnUsable();
    await this.#orPoison(() => this.#content.flush());
    this.#checkpointing = this.#record().catch(() => {}); // the failure is kept for the next call
  }

  async #checkpoint(): Promise<void> {
    if (!this.#writer) return;
    await this.#checkpointing;
    this.#insistOnUsable();
    await this.#orPoison(() => this.#content.flush());
    await this.#record();
  }

  /** Bytes first, then the row that says they are there. */
  async #record(): Promise<void> {
    // Whole blocks only: their hashes are known, so that a resume need not read the blob again.
    const leafCount = this.#content.leaves.count;
    const parts = this.#content.leaves.unrecorded();
    const durable = leafCount * BLOCK_SIZE;
    await this.#orPoison(() => this.#writer!.sync());
    await this.#orPoison(() => this.#parts.catalog.checkpointUpload(this.id, durable, parts));
    this.#content.leaves.recorded(leafCount);
    this.#durable = durable;
  }

  // The order of the durable steps. Whenever the power fails, the catalog names only bytes that are there:
  //   1. the bytes of the blob and its entry among the unfinished ones are synced,
  //   2. the blob is published: renamed and both folders synced; nothing names it as content yet,
  //   3. one transaction: content, leaf hashes and name appear, the upload's row goes, and blobs that
  //      nothing needs any more are written down as garbage. With its sync the file exists;
  //   4. the garbage is removed and then forgotten.
  // A crash before 3 leaves the upload as it was (recovery withdraws the blob), one after it the file.
  async #commit(size: number, digest: Uint8Array): Promise<FileRecord> {
    this.#insistOnUsable();
    try {
      const proven = await this.#prove(size, digest);
      const place = await this.#settleBytes();
      const { file, garbage } = await this.#enterCatalog(place, size, proven);
      this.#ended = true;
      await removeGarbage(this.#parts, garbage);
      return file;
    } catch (thrown) {
      await this.#discard().catch(() => {}); // what is left of it is found on the next start
      throw thrown;
    }
  }

  /** Returns the digest in bytes of our own, as those of the caller may be reused. */
  async #prove(size: number, digest: Uint8Array): Promise<Uint8Array> {
    const { declaredSize } = this.#about;
    if (size !== this.received || (declaredSize !== undefined && size !== declaredSize)) {
      const declared = declaredSize === undefined ? "" : ` of ${declaredSize} declared`;
      throw new MorselError(
        "invalid",
        `Cannot commit ${size} bytes as the upload has ${this.received} bytes${declared}`,
      );
    }
    await this.#checkpointing;
    this.#insistOnUsable();
    await this.#orPoison(() => this.#content.flush());
    const found = this.#content.digest();
    if (equals(found, digest)) return found;
    throw new MorselError(
      "integrity",
      `Cannot commit the upload as its bytes have the digest ${toHex(found)}, not ${toHex(digest)}`,
    );
  }

  async #settleBytes(): Promise<Place> {
    const writer = this.#writer;
    if (!writer) return { kind: "inline", bytes: this.#content.bytes };
    await this.#orPoison(() => writer.sync());
    await this.#orPoison(() => writer.close());
    await this.#orPoison(() => this.#parts.blobs.publish(this.id));
    return { kind: "blob", id: this.id };
  }

  async #enterCatalog(place: Place, size: number, digest: Uint8Array) {
    const { name, condition, modifiedMs, metadata } = this.#about;
    const parts = place.kind === "blob" ? this.#content.leaves.unrecorded() : [];
    const file = { name, condition, size, digest, modifiedMs, metadata, place, parts };
    try {
      return await this.#parts.catalog.commit(file);
    } catch (thrown) {
      const error = asMorselError(thrown, "storage");
      this.#outcomeUnknown = error.code !== "conflict";
      throw error;
    }
  }

  /** The blob goes before the row, so that no crash leaves a blob that nothing names. */
  async #discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#checkpointing;
    await this.#writer?.close().catch(() => {}); // its bytes are not wanted
    if (!this.#recorded || this.#outcomeUnknown) return;
    await this.#parts.blobs.remove(this.id);
    await this.#parts.catalog.endUpload(this.id);
  }

  async #keep(): Promise<void> {
    if (this.#ended) return;
    try {
      if (!this.#writer || this.#failure) return await this.#discard();
      await this.#checkpoint();
      await this.#writer.close();
      this.#ended = true;
    } catch {
      await this.#discard().catch(() => {}); // what is left of it is found on the next start
    }
  }

  async #orPoison<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (thrown) {
      this.#failure ??= asMorselError(thrown, "storage");
      throw this.#failure;
    }
  }

  #insistOnUsable(): void {
    if (this.#failure) throw this.#failure;
    if (this.#ended) throw new MorselError("invalid", `The upload ${this.id} has ended`);
  }
}
