// One upload, from its first byte to its commit: takes bytes in order, hashes them, and knows which of
// them would survive a crash. Small contents stay in memory until the commit; large ones go to a blob.

import { asMorselError, MorselError } from "../base/errors.ts";
import type { FileRecord } from "./catalog.ts";
import { Checkpoints } from "./checkpoints.ts";
import { fenced } from "./conditions.ts";
import { type AttachedUpload, StoredUpload, type UploadParts } from "./stored_upload.ts";
import { Turns } from "./turns.ts";
import { MAX_INLINE_SIZE, UploadContent } from "./upload_content.ts";
import {
  insistOnDigest,
  insistOnPlace,
  insistOnWhole,
  type NewUpload,
  type OnUploadEnd,
  type OpenUpload,
} from "./upload_terms.ts";

/**
 * An upload under way. End it with `commit`, `abort` or `detach`; calls made before an earlier one has
 * settled wait for it. A write, sync or checkpoint that failed poisons it: every later call but `abort` and
 * `detach` fails with that same error, and its blob is not used again.
 */
export class Upload implements OpenUpload {
  /** Also the id of its blob. */
  readonly id: string;
  readonly #parts: UploadParts;
  readonly #about: NewUpload;
  readonly #onEnd: OnUploadEnd;
  readonly #turns = new Turns();
  #content: UploadContent;
  #checkpoints: Checkpoints;
  /** Undefined as long as all bytes are in memory. */
  #stored: StoredUpload | undefined;
  #failure: MorselError | undefined;
  #isFenced = false;
  #ended = false;

  /** Nothing is done before `begin` or `attach`. */
  constructor(parts: UploadParts, about: NewUpload, onEnd: OnUploadEnd) {
    this.#parts = parts;
    this.#about = about;
    this.#onEnd = onEnd;
    this.#content = new UploadContent(about);
    this.#checkpoints = new Checkpoints(parts.clock, 0);
    this.id = about.id;
  }

  /** Begins it; the row of one that is known to be large is durable then. */
  begin(): Promise<void> {
    return this.#turns.take(async () => {
      try {
        if ((this.#about.declaredSize ?? 0) > MAX_INLINE_SIZE) await this.#moveToBlob();
      } catch (thrown) {
        this.#end();
        throw thrown;
      }
    });
  }

  /**
   * Takes the stored upload of this id over once its holder has `released` it, and goes on behind its
   * durable bytes; nothing is hashed again. False when it is not there any more: this one has ended then.
   */
  attach(released: Promise<unknown> | undefined): Promise<boolean> {
    return this.#turns.take(async () => {
      try {
        await released;
        this.#insistOnUsable();
        const attached = await StoredUpload.attach(this.#parts, this.id);
        if (attached) this.#resumeAt(attached);
        else this.#end();
        return attached !== undefined;
      } catch (thrown) {
        // The upload is another's by now, or waits for the next resume.
        this.#end("kept");
        throw thrown;
      }
    });
  }

  get epoch(): number {
    return this.#stored?.hold.epoch ?? 1;
  }

  /** Whether its holder may still write. */
  get isHeld(): boolean {
    return !this.#ended && !this.#isFenced;
  }

  get received(): number {
    return this.#content.size;
  }

  get durable(): number {
    return this.#stored?.durable ?? 0;
  }

  async *leaves(): AsyncGenerator<Uint8Array> {
    if (!this.#stored) return;
    for await (const hashes of this.#stored.leaves()) {
      this.#insistOnUsable();
      yield hashes;
    }
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return this.#turns.take(() => this.#write(bytes, offset));
  }

  checkpoint(): Promise<void> {
    return this.#turns.take(async () => {
      this.#insistOnUsable();
      await this.#checkpoint();
    });
  }

  commit(size: number, digest: Uint8Array): Promise<FileRecord> {
    return this.#turns.take(() => this.#commit(size, digest));
  }

  abort(): Promise<void> {
    return this.#turns.take(() => this.#discard());
  }

  detach(): Promise<void> {
    return this.#turns.take(() => this.#keep());
  }

  /**
   * Takes the upload from its holder, now: every write, checkpoint and commit that has not begun fails with
   * `fenced`. Settles when it has let go of the row and the blob, which it keeps as `detach` does, or
   * removes. False when it had ended before, or has by a commit that was under way. Never fails.
   */
  fence(then: "keep" | "remove"): Promise<boolean> {
    this.#isFenced = true;
    return this.#turns.take(async () => {
      if (this.#ended) return false;
      await (then === "keep" ? this.#keep() : this.#discard().catch(() => {}));
      return true;
    });
  }

  #resumeAt({ stored, recorded }: AttachedUpload): void {
    this.#stored = stored;
    const { writer, durable } = stored;
    this.#content = new UploadContent(this.#about, { recorded, writer });
    this.#checkpoints = new Checkpoints(this.#parts.clock, durable);
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    this.#insistOnUsable();
    insistOnPlace({ size: bytes.length, offset }, this.received, this.#about);
    if (!this.#stored && offset + bytes.length > MAX_INLINE_SIZE) await this.#moveToBlob();
    await this.#orPoison(() => this.#content.take(bytes));
    if (this.#stored && this.#checkpoints.isDue(this.received)) {
      await this.#beginCheckpoint(this.#stored);
    }
  }

  async #moveToBlob(): Promise<void> {
    const begunMs = this.#parts.clock.now();
    const record = { ...this.#about, epoch: 1, durable: 0, begunMs, activeMs: begunMs };
    this.#stored = await this.#orPoison(() => StoredUpload.begin(this.#parts, record));
    this.#content.moveTo(this.#stored.writer);
  }

  /** In the background, at most one at a time: a disk slower than the network holds the writes up here. */
  async #beginCheckpoint(stored: StoredUpload): Promise<void> {
    const size = this.received;
    await this.#checkpoints.settled();
    this.#insistOnSound();
    await this.#orPoison(() => this.#content.flush());
    // Its failure poisons the upload, which the next call tells.
    this.#checkpoints.begin(size, () => this.#orPoison(() => stored.record(this.#content.leaves)));
  }

  async #checkpoint(): Promise<void> {
    const stored = this.#stored;
    if (!stored) return;
    await this.#settle();
    await this.#orPoison(() => stored.record(this.#content.leaves));
  }

  /** All that was received is written, and no checkpoint is running. */
  async #settle(): Promise<void> {
    await this.#checkpoints.settled();
    this.#insistOnSound();
    await this.#orPoison(() => this.#content.flush());
  }

  // The order of the durable steps. Whenever the power fails, the catalog names only bytes that are there:
  //   1. the bytes of the blob and its entry among the unfinished ones are synced,
  //   2. the blob is published: renamed and both folders synced; nothing names it as content yet,
  //   3. one transaction: content, leaf hashes and name appear, the upload's row goes, and blobs that
  //      nothing needs any more are written down as garbage. With its sync the file exists;
  //   4. the garbage is removed and then forgotten.
  // A crash before 3 leaves the upload as it was (recovery withdraws the blob), one after it the file.
  async #commit(size: number, digest: Uint8Array): Promise<FileRecord> {
    // Whoever takes it over sees to what is left; one that is poisoned is discarded here, as by any failure.
    if (this.#isFenced) throw fenced(this.id);
    try {
      this.#insistOnUsable();
      const proven = await this.#prove(size, digest);
      await this.#orPoison(async () => await this.#stored?.publish());
      const { file, garbage } = await this.#enterCatalog(size, proven);
      this.#end();
      await this.#parts.held.removeGarbage(garbage);
      return file;
    } catch (thrown) {
      await this.#discard().catch(() => {}); // what is left of it is found on the next start
      throw asMorselError(thrown, "storage");
    }
  }

  /** Returns the digest in bytes of our own, as those of the caller may be reused. */
  async #prove(size: number, digest: Uint8Array): Promise<Uint8Array> {
    insistOnWhole(size, this.received, this.#about);
    await this.#settle();
    const found = this.#content.digest();
    insistOnDigest(found, digest);
    return found;
  }

  #enterCatalog(size: number, digest: Uint8Array) {
    const { name, condition, modifiedMs, metadata, owner, quotas } = this.#about;
    const { catalog } = this.#parts;
    const file = { name, condition, size, digest, modifiedMs, metadata, owner, quotas };
    if (!this.#stored) {
      const place = { kind: "inline", bytes: this.#content.bytes } as const;
      return catalog.commit({ ...file, place, parts: [] });
    }
    const parts = this.#content.leaves.unrecorded();
    const place = { kind: "blob", id: this.id } as const;
    return catalog.commit({ ...file, place, parts, upload: this.#stored.hold });
  }

  async #discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#checkpoints.settled();
    try {
      await this.#stored?.discard();
    } catch (thrown) {
      this.#onEnd("left behind");
      throw thrown;
    }
    this.#onEnd("gone");
  }

  async #keep(): Promise<void> {
    if (this.#ended) return;
    try {
      if (!this.#stored || this.#failure) return await this.#discard();
      await this.#checkpoint();
      await this.#stored.close();
      this.#end("kept");
    } catch {
      await this.#discard().catch(() => {}); // what is left of it is found on the next start
    }
  }

  #end(how: "gone" | "kept" = "gone"): void {
    this.#ended = true;
    this.#onEnd(how);
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
    if (this.#isFenced) throw fenced(this.id);
    this.#insistOnSound();
    if (this.#ended) throw new MorselError("invalid", `The upload ${this.id} has ended`);
  }

  #insistOnSound(): void {
    if (this.#failure) throw this.#failure;
  }
}
