// The half of a large upload that survives a crash: its row in the catalog and its unfinished blob. What
// is durable when, and in which order, is decided here; upload.ts decides when it is time.

import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE, DIGEST_SIZE } from "../base/merkle.ts";
import type { Blobs, BlobWriter } from "./blobs.ts";
import { type Catalog, LEAVES_PER_PART, type UploadHold, type UploadRecord } from "./catalog.ts";
import { fenced } from "./conditions.ts";
import type { HeldBlobs } from "./held_blobs.ts";
import type { LeafCollector, RecordedLeaves } from "./leaf_collector.ts";

/** What an upload stands on. None of it is closed by the upload. */
export interface UploadParts {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly held: HeldBlobs;
}

/** A stored upload that was taken over, and what the catalog knows of its tree. */
export interface AttachedUpload {
  readonly stored: StoredUpload;
  readonly recorded: RecordedLeaves;
}

/** The row and the blob of an upload. End its use with `publish`, `close` or `discard`. */
export class StoredUpload {
  /** Who holds it: a newer attach makes every change through this one fail with `fenced`. */
  readonly hold: UploadHold;
  /** Where the bytes go. */
  readonly writer: BlobWriter;
  readonly #parts: UploadParts;
  #durable: number;

  private constructor(
    parts: UploadParts,
    { id, epoch, durable }: UploadRecord,
    writer: BlobWriter,
  ) {
    this.#parts = parts;
    this.hold = { id, epoch };
    this.writer = writer;
    this.#durable = durable;
  }

  /** Makes both. The row comes first, so that no crash leaves a blob that nothing names. */
  static async begin(parts: UploadParts, record: UploadRecord): Promise<StoredUpload> {
    try {
      await parts.catalog.beginUpload(record);
      return new StoredUpload(parts, record, await parts.blobs.create(record.id));
    } catch (thrown) {
      // Either may have succeeded behind its failure; what is left is found on the next start.
      await forget(parts, record).catch(() => {});
      throw thrown;
    }
  }

  /**
   * Takes both over, with the leaf hashes of what is durable. Undefined when the upload has ended, or
   * when its blob is not what the row says, which ends it.
   */
  static async attach(parts: UploadParts, id: string): Promise<AttachedUpload | undefined> {
    const record = await parts.catalog.attachUpload(id);
    if (!record) return undefined;
    const recorded = await recordedLeaves(parts.catalog, record);
    const writer = recorded && await reopen(parts.blobs, record);
    if (writer) return { stored: new StoredUpload(parts, record, writer), recorded };
    await forget(parts, record);
    return undefined;
  }

  /** Bytes from the start that survive a crash: whole blocks, whose hashes the catalog has. */
  get durable(): number {
    return this.#durable;
  }

  /** The hashes of the blocks that are durable now, a part at a time. Throws `fenced` once they are gone. */
  async *leaves(): AsyncGenerator<Uint8Array> {
    let left = this.#durable / BLOCK_SIZE * DIGEST_SIZE;
    for (let index = 0; left > 0; index++) {
      const hashes = await this.#parts.catalog.leaves(this.hold.id, index);
      if (!hashes) throw fenced(this.hold.id);
      yield hashes.subarray(0, left);
      left -= hashes.length;
    }
  }

  /** Makes the whole blocks written so far durable: bytes first, then the row that says they are there. */
  async record(leaves: LeafCollector): Promise<void> {
    const { count } = leaves;
    const parts = leaves.unrecorded();
    await this.writer.sync();
    await this.#parts.catalog.checkpointUpload(this.hold, count * BLOCK_SIZE, parts);
    leaves.recorded(count);
    this.#durable = count * BLOCK_SIZE;
  }

  /** Makes all that was written a readable blob; settles when that is durable. No row names it yet. */
  async publish(): Promise<void> {
    await this.writer.sync();
    await this.writer.close();
    await this.#parts.blobs.publish(this.hold.id);
  }

  /** Ends the use of the blob and keeps both. */
  close(): Promise<void> {
    return this.writer.close();
  }

  /** Removes both, unless a commit or a newer attach has made them another's. */
  async discard(): Promise<void> {
    await this.writer.close().catch(() => {}); // its bytes are not wanted
    await forget(this.#parts, this.hold);
  }
}

/**
 * Removes a row and its blob. The row goes first, into the list of garbage in the same step: after a crash
 * the blob is still named, and a commit whose outcome is not known is decided by whether the row was there.
 * False when the row is gone or another's.
 */
export async function forget(
  { catalog, held }: Pick<UploadParts, "catalog" | "held">,
  hold: UploadHold,
): Promise<boolean> {
  const garbage = await catalog.endUpload(hold);
  await held.removeGarbage(garbage);
  return garbage.length > 0;
}

/** Undefined when they are not those of the durable bytes. */
async function recordedLeaves(
  catalog: Catalog,
  { id, durable }: UploadRecord,
): Promise<RecordedLeaves | undefined> {
  const count = durable / BLOCK_SIZE;
  const fullParts = Math.floor(count / LEAVES_PER_PART);
  const partRoots = await catalog.partRoots(id);
  const rest = await catalog.leaves(id, fullParts) ?? new Uint8Array(0);
  const found = partRoots.length / DIGEST_SIZE * LEAVES_PER_PART + rest.length / DIGEST_SIZE;
  return found === count ? { partRoots, rest } : undefined;
}

/** Undefined when there is no blob or it has fewer bytes than are said to be durable. */
async function reopen(
  blobs: Blobs,
  { id, durable }: UploadRecord,
): Promise<BlobWriter | undefined> {
  try {
    return await blobs.reopen(id, durable);
  } catch (thrown) {
    if (thrown instanceof MorselError && thrown.code === "integrity") return undefined;
    throw thrown;
  }
}
