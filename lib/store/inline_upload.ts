// An upload that was said to be small: its bytes stay in memory until the commit, which puts them into the
// catalog. Nothing of it outlives its connection, so it needs no row, no turns and no checkpoints.

import { MorselError } from "../base/errors.ts";
import { smallDigest } from "../base/merkle.ts";
import type { Catalog, FileRecord } from "./catalog.ts";
import type { DiskSpace } from "./disk_space.ts";
import { entryBytes } from "./entry_space.ts";
import type { HeldBlobs } from "./held_blobs.ts";
import {
  insistOnDigest,
  insistOnPlace,
  insistOnWhole,
  type NewUpload,
  type OpenUpload,
} from "./upload_terms.ts";

/** What a small upload stands on. */
export interface InlineUploadParts {
  readonly catalog: Catalog;
  readonly held: HeldBlobs;
  /** Undefined where no space is kept free. */
  readonly space?: DiskSpace | undefined;
}

/** A small upload under way, of at most one block. */
export class InlineUpload implements OpenUpload {
  readonly id: string;
  readonly epoch = 1;
  readonly durable = 0;
  readonly #parts: InlineUploadParts;
  readonly #about: NewUpload & { readonly declaredSize: number };
  readonly #bytes: Uint8Array;
  #received = 0;
  #ended = false;

  /** Nothing is done before the commit. */
  constructor(parts: InlineUploadParts, about: NewUpload & { readonly declaredSize: number }) {
    this.#parts = parts;
    this.#about = about;
    this.#bytes = new Uint8Array(about.declaredSize);
    this.id = about.id;
  }

  get received(): number {
    return this.#received;
  }

  async *leaves(): AsyncGenerator<Uint8Array> {
    yield* [];
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.#insistOnUsable();
    insistOnPlace({ size: bytes.length, offset }, this.#received, this.#about);
    this.#bytes.set(bytes, offset);
    this.#received += bytes.length;
  }

  async checkpoint(): Promise<void> {
    this.#insistOnUsable();
  }

  async commit(size: number, digest: Uint8Array): Promise<FileRecord> {
    this.#insistOnUsable();
    this.#ended = true;
    insistOnWhole(size, this.#received, this.#about);
    const bytes = this.#bytes;
    const found = smallDigest(bytes);
    insistOnDigest(found, digest);
    const { catalog, held, space } = this.#parts;
    const { name, condition, modifiedMs, metadata, owner, quotas } = this.#about;
    if (space) await space.take(entryBytes(metadata));
    const { file, garbage } = await catalog.commit({
      name,
      condition,
      size,
      digest: found,
      modifiedMs,
      metadata,
      owner,
      quotas,
      place: { kind: "inline", bytes },
      parts: [],
    });
    if (garbage.length > 0) await held.removeGarbage(garbage);
    return file;
  }

  async abort(): Promise<void> {
    this.#ended = true;
  }

  async detach(): Promise<void> {
    this.#ended = true;
  }

  #insistOnUsable(): void {
    if (this.#ended) throw new MorselError("invalid", `The upload ${this.id} has ended`);
  }
}
