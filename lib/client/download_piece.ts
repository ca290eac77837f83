// One range of a download: asks for whole blocks with their proof (PROTOCOL.md 4.4), and holds against the
// digest what arrives. Bytes go to a sink as they come or, without one, are kept until they are proven.

import { MorselError } from "../base/errors.ts";
import { fromHex } from "../base/hex.ts";
import { BLOCK_SIZE, DIGEST_SIZE, merkleRoot } from "../base/merkle.ts";
import { quote } from "../base/names.ts";
import { rootFromRange } from "../base/merkle_range.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { equals } from "@std/bytes";
import { PieceHasher } from "./piece_hasher.ts";
import type { TransferCounters } from "./transfer_counters.ts";
import type { FileInfo } from "./types.ts";

/** How a {@linkcode DownloadPiece} goes about its bytes. */
export interface PieceOptions {
  /** Whether they are held against the digest. */
  readonly isProven: boolean;
  /** Counts the time that hashing takes. */
  readonly counters?: TransferCounters | undefined;
  /** Takes bytes at their offset in the file before they are proven; the view is good until it settles. */
  readonly takeUnproven: (bytes: Uint8Array, offset: number) => Promise<void> | undefined;
}

/** What is asked for in one request. */
export interface PieceRange {
  /** A multiple of the block size. */
  readonly offset: number;
  /** A multiple of the block size, or up to the end of the file or more. */
  readonly length: number;
}

/** Bytes that nobody took before they were proven. */
export interface KeptBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where they are in the file. */
  readonly offset: number;
}

/** The replies to one ReadRange. */
export class DownloadPiece {
  readonly #range: PieceRange;
  readonly #options: PieceOptions;
  readonly #hasher: PieceHasher;
  readonly #kept: KeptBytes[] = [];
  #arrived: number;
  #proof: Uint8Array | undefined;

  constructor(range: PieceRange, options: PieceOptions) {
    this.#range = range;
    this.#options = options;
    this.#arrived = range.offset;
    this.#hasher = new PieceHasher(range.length, options.counters);
  }

  /** What nobody took, in order; good once it is proven. */
  get kept(): readonly KeptBytes[] {
    return this.#kept;
  }

  /** The hashes of its blocks, one after the other. */
  get leaves(): Uint8Array {
    return this.#hasher.leaves;
  }

  /** Takes Data or Proof. Throws `protocol` for anything else and for bytes out of place. */
  take(reply: Message): void | Promise<void> {
    if (reply.type === "Proof" && !this.#proof) this.#proof = reply.hashes.slice();
    else if (reply.type === "Data" && !this.#proof) return this.#takeData(reply);
    else throw new MorselError("protocol", `The server sent ${reply.type} in a download`);
  }

  #takeData({ offset, data }: MessageOf<"Data">): void | Promise<void> {
    const { offset: start, length } = this.#range;
    if (offset !== this.#arrived || offset + data.length > start + length) {
      throw new MorselError("protocol", `The server sent offset ${offset}, not ${this.#arrived}`);
    }
    this.#arrived += data.length;
    if (this.#options.isProven) this.#hasher.update(data);
    // Once a byte is kept, those after it are kept too, to stay in order.
    const taken = this.#kept.length === 0 ? this.#options.takeUnproven(data, offset) : undefined;
    if (!taken) this.#kept.push({ bytes: data.slice(), offset });
    return taken;
  }

  /** Holds what has arrived against the digest. Throws `protocol` or `integrity`. */
  async prove(end: Message, file: FileInfo): Promise<void> {
    const { offset, length } = this.#range;
    const expected = Math.min(offset + length, file.size);
    if (end.type !== "End" || end.offset !== expected || this.#arrived !== expected) {
      throw new MorselError(
        "protocol",
        `The server ended a range at ${this.#arrived}, not ${expected}`,
      );
    }
    if (!this.#options.isProven) return;
    await this.#hasher.end();
    if (this.#matches(file)) return;
    const [first, last] = [offset / BLOCK_SIZE, Math.ceil(expected / BLOCK_SIZE) - 1];
    const blocks = first === last ? `Block ${first}` : `One of the blocks ${first} to ${last}`;
    throw new MorselError(
      "integrity",
      `${blocks} of ${
        quote(file.name)
      } (bytes ${offset} to ${expected} of version ${file.version}) ` +
        "is damaged: it does not match the digest",
      { detail: { name: file.name, offset: String(offset), end: String(expected) } },
    );
  }

  #matches({ size, digest }: FileInfo): boolean {
    const { offset } = this.#range;
    if (this.#arrived === offset && size > 0) return true; // nothing came, so nothing is claimed
    const root = size === 0 ? merkleRoot(NOTHING) : rootFromRange({
      leafCount: Math.ceil(size / BLOCK_SIZE),
      first: offset / BLOCK_SIZE,
      leaves: this.leaves,
      proof: this.#proof ?? NOTHING,
    });
    return root !== undefined && root.length === DIGEST_SIZE && equals(root, fromHex(digest));
  }
}

const NOTHING = new Uint8Array(0);
