// What was said of an upload when it began, and whether its writes and its commit keep to that.

import { MorselError } from "../base/errors.ts";
import type { CheckedName } from "../base/names.ts";
import type { Condition, Metadata } from "./catalog.ts";

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
 * Is called once an upload has let go of its row and its blob. Where they were to be removed and could not
 * be, they are left behind, and nobody may go on with them.
 */
export type OnUploadEnd = (how: "clean" | "left behind") => void;

/** A chunk that is to be written, of so many bytes at that offset. */
export interface ChunkPlace {
  readonly size: number;
  readonly offset: number;
}

/** Throws `invalid` unless a chunk goes on where the upload is and stays within what was declared. */
export function insistOnPlace(
  { size, offset }: ChunkPlace,
  received: number,
  { declaredSize }: NewUpload,
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

/** Throws `invalid` unless all bytes are there and are as many as were declared. */
export function insistOnWhole(size: number, received: number, { declaredSize }: NewUpload): void {
  if (size === received && (declaredSize === undefined || size === declaredSize)) return;
  const declared = declaredSize === undefined ? "" : ` of ${declaredSize} declared`;
  throw new MorselError(
    "invalid",
    `Cannot commit ${size} bytes as the upload has ${received} bytes${declared}`,
  );
}
