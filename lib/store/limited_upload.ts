// An upload whose bytes are counted: against what was reserved for it, and against the free space of the disk.

import type { FileRecord } from "./catalog.ts";
import type { OpenUpload } from "./upload_terms.ts";

/** What happens around the calls of an upload. */
export interface UploadLimits {
  /** Before bytes are taken: `received` is what the upload will have then. Throws what refuses them. */
  readonly beforeWrite: (bytes: number, received: number) => Promise<void>;
  /** Once it has ended, in whatever way; may be called twice. */
  readonly onEnd: () => void;
}

/** The same upload, its calls limited; to be used in its place. */
export class LimitedUpload implements OpenUpload {
  readonly #upload: OpenUpload;
  readonly #limits: UploadLimits;

  constructor(upload: OpenUpload, limits: UploadLimits) {
    this.#upload = upload;
    this.#limits = limits;
  }

  get id(): string {
    return this.#upload.id;
  }

  get epoch(): number {
    return this.#upload.epoch;
  }

  get received(): number {
    return this.#upload.received;
  }

  get durable(): number {
    return this.#upload.durable;
  }

  leaves(): AsyncIterable<Uint8Array> {
    return this.#upload.leaves();
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await this.#limits.beforeWrite(bytes.length, offset + bytes.length);
    await this.#upload.write(bytes, offset);
  }

  checkpoint(): Promise<void> {
    return this.#upload.checkpoint();
  }

  commit(size: number, digest: Uint8Array): Promise<FileRecord> {
    return this.#upload.commit(size, digest).finally(this.#limits.onEnd);
  }

  abort(): Promise<void> {
    return this.#upload.abort().finally(this.#limits.onEnd);
  }

  detach(): Promise<void> {
    return this.#upload.detach().finally(this.#limits.onEnd);
  }
}
