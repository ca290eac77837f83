// Compares one content with its hashes, block by block. It decides nothing: check.ts does.

import { equals } from "@std/bytes";
import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE, DIGEST_SIZE, leafHash, MerklePeaks } from "../base/merkle.ts";
import type { BlobReader, Blobs } from "./blobs.ts";
import { type Catalog, LEAVES_PER_PART, type StoredContent } from "./catalog.ts";
import type { Fault } from "./damage.ts";

/** Called with the bytes that were read; settles when more may be read. */
type OnRead = (bytes: number) => Promise<void>;

/** What is wrong with a content whose bytes are in the catalog; undefined when nothing is. */
export async function checkInlineContent(
  { size, digest }: StoredContent,
  bytes: Uint8Array,
  onRead: OnRead,
): Promise<Fault | undefined> {
  await onRead(bytes.length);
  if (bytes.length !== size) return { kind: "size", found: bytes.length };
  const peaks = new MerklePeaks();
  if (bytes.length > 0) peaks.add(leafHash(bytes));
  if (equals(peaks.root(), digest)) return undefined;
  return bytes.length > 0 ? { kind: "blocks", blocks: [0] } : { kind: "digest" };
}

/** What a blob is checked with. */
export interface CheckBlobOptions {
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly onRead: OnRead;
}

/** What is wrong with a content in a blob; undefined when nothing is. Throws `storage`. */
export async function checkBlobContent(
  content: StoredContent,
  blob: string,
  { catalog, blobs, onRead }: CheckBlobOptions,
): Promise<Fault | undefined> {
  const reader = await blobs.open(blob);
  if (!reader) return { kind: "missing", blob };
  try {
    if (reader.size !== content.size) return { kind: "size", found: reader.size };
    return await compareBlocks(content, {
      read: (into, offset) => readBlock(reader, into, offset, onRead),
      leaves: (partIndex) => catalog.leaves(blob, partIndex),
    });
  } finally {
    await reader.close();
  }
}

interface BlockSource {
  /** False where the block cannot be read. */
  read(into: Uint8Array, offset: number): Promise<boolean>;
  leaves(partIndex: number): Promise<Uint8Array | undefined>;
}

async function compareBlocks(
  { size, digest }: StoredContent,
  source: BlockSource,
): Promise<Fault | undefined> {
  const buffer = new Uint8Array(BLOCK_SIZE);
  const found = new MerklePeaks();
  const recorded = new MerklePeaks();
  const wrong: number[] = [];
  let part: Uint8Array | undefined;
  for (let block = 0; block * BLOCK_SIZE < size; block++) {
    const offset = block * BLOCK_SIZE;
    if (block % LEAVES_PER_PART === 0) part = await source.leaves(block / LEAVES_PER_PART);
    const bytes = buffer.subarray(0, Math.min(BLOCK_SIZE, size - offset));
    const leaf = await source.read(bytes, offset) ? leafHash(bytes) : UNREADABLE;
    const known = leafIn(part, block % LEAVES_PER_PART);
    found.add(leaf);
    if (known) recorded.add(known);
    if (!known || !equals(leaf, known)) wrong.push(block);
  }
  const isWhole = equals(found.root(), digest);
  const isRecorded = recorded.count === found.count && equals(recorded.root(), digest);
  if (isWhole) return isRecorded ? undefined : { kind: "hashes" };
  return isRecorded ? { kind: "blocks", blocks: wrong } : { kind: "digest" };
}

// No hash of anything that is known.
const UNREADABLE = new Uint8Array(DIGEST_SIZE);

function leafIn(part: Uint8Array | undefined, index: number): Uint8Array | undefined {
  const leaf = part?.slice(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE);
  return leaf?.length === DIGEST_SIZE ? leaf : undefined;
}

/** A block that the disk does not give back is as bad as one with other bytes; the others go on. */
async function readBlock(
  reader: BlobReader,
  into: Uint8Array,
  offset: number,
  onRead: OnRead,
): Promise<boolean> {
  let count = 0;
  try {
    count = await reader.read(into, offset);
  } catch (thrown) {
    if (!(thrown instanceof MorselError)) throw thrown;
  }
  await onRead(into.length);
  return count === into.length;
}
