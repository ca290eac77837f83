// The hash tree of a version that is open for reading, and proofs out of it (PROTOCOL.md 2.4). It is made
// of what the catalog recorded when the content came; no byte of the content is read for it.

import { equals } from "@std/bytes";
import { MorselError } from "../base/errors.ts";
import { BLOCK_SIZE, DIGEST_SIZE, leafHash } from "../base/merkle.ts";
import { rangeProof } from "../base/merkle_range.ts";
import { MerkleTree } from "../base/merkle_tree.ts";
import { type Catalog, type FileRecord, LEAVES_PER_PART, type Place } from "./catalog.ts";
import type { ContentTrees } from "./part_trees.ts";

/** Where the leaf hashes of a content are. */
export interface LeafSource {
  /** One part of them, counted from 0; undefined where there is none. */
  leaves(partIndex: number): Promise<Uint8Array | undefined>;
  /** The roots of all full parts, one after the other. */
  partRoots(): Promise<Uint8Array>;
}

/** The source of a content's hashes: the catalog, or its bytes where they are at hand. */
export function leafSource(catalog: Catalog, place: Place): LeafSource {
  if (place.kind === "blob") {
    const { id } = place;
    return {
      leaves: (partIndex) => catalog.leaves(id, partIndex),
      partRoots: () => catalog.partRoots(id),
    };
  }
  const { bytes } = place;
  return {
    leaves: async (partIndex) => {
      return partIndex === 0 && bytes.length > 0 ? leafHash(bytes) : undefined;
    },
    partRoots: async () => new Uint8Array(0),
  };
}

/** The tree of one version. Its hashes are checked against each other and against the digest. */
export class VersionTree {
  /** Blocks of the content. */
  readonly leafCount: number;
  readonly #digest: Uint8Array;
  readonly #source: LeafSource;
  readonly #fail: (how: string) => Promise<MorselError>;
  readonly #known: ContentTrees | undefined;
  /** Over the roots of all parts: 64 bytes for each 64 MiB of content. */
  #upper: Promise<MerkleTree> | undefined;
  /** Over the leaves of the part that was used last. */
  #part: { readonly index: number; readonly tree: Promise<MerkleTree> } | undefined;

  /** `fail` makes the error for hashes that are damaged; `known` has trees that others have made of the same content. */
  constructor(
    { size, digest }: FileRecord,
    source: LeafSource,
    fail: (how: string) => Promise<MorselError>,
    known?: ContentTrees,
  ) {
    this.leafCount = Math.ceil(size / BLOCK_SIZE);
    this.#digest = digest;
    this.#source = source;
    this.#fail = fail;
    this.#known = known;
  }

  /** The leaf hashes of one part, 1024 of them, fewer in the last one. Throws `integrity`, `storage`. */
  async leaves(partIndex: number): Promise<Uint8Array> {
    const hashes = await this.#source.leaves(partIndex) ?? new Uint8Array(0);
    const left = Math.max(0, this.leafCount - partIndex * LEAVES_PER_PART);
    if (hashes.length === Math.min(left, LEAVES_PER_PART) * DIGEST_SIZE) return hashes;
    throw await this.#fail(`part ${partIndex} of its hashes is missing`);
  }

  /** The root of each part's subtree, that of the last one too. Throws `integrity`, `storage`. */
  async partRoots(): Promise<Uint8Array> {
    return (await this.#upperTree()).leaves;
  }

  /**
   * The proof that blocks `[first, end)` are those of the content. Costs a few hashes, and a thousand for
   * each part at the ends of the range that is not at hand. Throws `invalid` when there are
   * no such blocks, `integrity`, `storage`.
   */
  async prove(first: number, end: number): Promise<Uint8Array> {
    const range = { leafCount: this.leafCount, first, end };
    try {
      return await rangeProof(range, (start, stop) => this.#rootOf(start, stop));
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      throw new MorselError("invalid", thrown.message, { cause: thrown });
    }
  }

  /** A subtree of the recursion lies within one part, or is made of parts. */
  async #rootOf(start: number, end: number): Promise<Uint8Array> {
    const part = Math.floor(start / LEAVES_PER_PART);
    const offset = part * LEAVES_PER_PART;
    if (start === offset && (end === this.leafCount || end - start >= LEAVES_PER_PART)) {
      return (await this.#upperTree()).rootOf(part, Math.ceil(end / LEAVES_PER_PART));
    }
    return (await this.#partTree(part)).rootOf(start - offset, end - offset);
  }

  #upperTree(): Promise<MerkleTree> {
    return this.#upper ??= this.#find("upper", () => this.#loadUpper()).catch((thrown) => {
      this.#upper = undefined; // the next one may find the storage working
      throw thrown;
    });
  }

  async #loadUpper(): Promise<MerkleTree> {
    const roots = new Uint8Array(Math.ceil(this.leafCount / LEAVES_PER_PART) * DIGEST_SIZE);
    const fullParts = Math.floor(this.leafCount / LEAVES_PER_PART);
    const recorded = await this.#source.partRoots();
    if (recorded.length !== fullParts * DIGEST_SIZE) {
      throw await this.#fail("hashes of its parts are missing");
    }
    roots.set(recorded);
    const last = roots.length > recorded.length
      ? new MerkleTree((await this.leaves(fullParts)).slice())
      : undefined;
    if (last) roots.set(last.root, recorded.length);
    const tree = new MerkleTree(roots);
    if (!equals(tree.root, this.#digest)) {
      throw await this.#fail("its hashes do not lead to its digest");
    }
    if (last) {
      const part = this.#find(`${fullParts}`, () => Promise.resolve(last));
      this.#part ??= { index: fullParts, tree: part };
    }
    return tree;
  }

  #partTree(index: number): Promise<MerkleTree> {
    if (this.#part?.index === index) return this.#part.tree;
    const part = { index, tree: this.#find(`${index}`, () => this.#loadPart(index)) };
    part.tree.catch(() => {
      if (this.#part === part) this.#part = undefined;
    });
    this.#part = part;
    return part.tree;
  }

  async #loadPart(index: number): Promise<MerkleTree> {
    const upper = await this.#upperTree();
    const tree = new MerkleTree((await this.leaves(index)).slice());
    if (equals(tree.root, upper.rootOf(index, index + 1))) return tree;
    throw await this.#fail(`part ${index} of its hashes does not lead to its digest`);
  }

  #find(over: string, make: () => Promise<MerkleTree>): Promise<MerkleTree> {
    return this.#known?.find(over, make) ?? make();
  }
}
