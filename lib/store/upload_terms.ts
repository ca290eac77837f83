// What was said of an upload when it began, and whether its writes and its commit keep to that.

import { equals } from "@std/bytes";
import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import type { CheckedName } from "../base/names.ts";
import type { Condition, FileRecord, Metadata } from "./catalog.ts";
import type { Quotas } from "./quota.ts";

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
  /** Whose file it will be. */
  readonly owner: string;
  /** What the commit must keep to. */
  readonly quotas: Quotas | undefined;
}

/**
 * Is called once an upload has let go of its row and its blob, which are gone then, a file's, or kept for a
 * resume. Where they were to be removed and could not be, they are left behind, and nobody may go on with
 * them.
 */
export type OnUploadEnd = (how: "gone" | "kept" | "left behind") => void;

/** An upload under way, whether its bytes are in memory or in a blob. End it with one of the last three. */
export interface OpenUpload {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** Grows with every attach. */
  readonly epoch: number;
  /** Bytes taken so far; the next write is at this offset. */
  readonly received: number;
  /** Bytes from the start that survive a crash, in whole blocks: where a later resume goes on. */
  readonly durable: number;
  /**
   * The hashes of the blocks that are durable when the first of them are asked for, one after the other: 512 KiB for
   * each GiB, of which 32 KiB are in memory at a time. Throws `fenced` once the upload is another's, and what else it
   * has failed of.
   */
  leaves(): AsyncIterable<Uint8Array>;
  /**
   * Takes the next bytes, which may be reused once this settles. Throws `invalid` when `offset` is not
   * `received` or the bytes go past the declared size; nothing of them is taken then.
   */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Makes the whole blocks received so far durable. Of an upload in memory, none are. */
  checkpoint(): Promise<void>;
  /**
   * Makes the content a file; it is durable and visible once this settles. Throws `invalid` when `size` is
   * not what was received, `integrity` when `digest` is not what the bytes hash to, `conflict` when
   * the condition does not hold any more. The upload has ended then, as it has after a success.
   */
  commit(size: number, digest: Uint8Array): Promise<FileRecord>;
  /** Ends the upload and removes all of it. Harmless after it has ended or was taken over. */
  abort(): Promise<void>;
  /**
   * Ends the use of the upload, as its connection is gone: a large one stays for a later resume, with as
   * much of it durable as possible; another is dropped. Never fails.
   */
  detach(): Promise<void>;
}

/** A chunk that is to be written, of so many bytes at that offset. */
export interface ChunkPlace {
  readonly size: number;
  readonly offset: number;
}

/** Throws `invalid` unless a file can be of so many bytes. */
export function insistOnSize(size: number): void {
  if (Number.isSafeInteger(size) && size >= 0) return;
  throw new MorselError("invalid", `A size of ${size} bytes is not possible`);
}

/** Throws `invalid` unless a chunk goes on where the upload is and stays within what was declared. */
export function insistOnPlace(
  { size, offset }: ChunkPlace,
  received: number,
  { declaredSize }: Pick<NewUpload, "declaredSize">,
): void {
  if (offset !== received) {
    throw new MorselError(
      "invalid",
      `Cannot write chunk at offset ${offset} as the upload has ${received} bytes`,
      { detail: { received: String(received) } },
    );
  }
  if (declaredSize !== undefined && offset + size > declaredSize) {
    throw new MorselError(
      "invalid",
      `Cannot write ${size} bytes at offset ${offset} as the upload declared ` +
        `${declaredSize} bytes in all`,
    );
  }
}

/** Throws `integrity` unless the bytes have the digest that their client says. */
export function insistOnDigest(found: Uint8Array, digest: Uint8Array): void {
  if (equals(found, digest)) return;
  throw new MorselError(
    "integrity",
    `Cannot commit the upload as its bytes have the digest ${toHex(found)}, not ${toHex(digest)}`,
  );
}

/** Throws `invalid` unless all bytes are there and are as many as were declared. */
export function insistOnWhole(size: number, received: number, { declaredSize }: NewUpload): void {
  if (size === received && (declaredSize === undefined || size === declaredSize)) return;
  const declared = declaredSize === undefined ? "" : ` of ${declaredSize} declared`;
  throw new MorselError(
    "invalid",
    `Cannot commit ${size} bytes as the upload has ${received} bytes${declared}`,
  );
}
