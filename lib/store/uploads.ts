// The uploads of a store: which are under way in this process, which wait for a resume, and who holds them.

import { equals } from "@std/bytes";
import type { Condition, Metadata, UploadRecord } from "./catalog.ts";
import { fenced, noUpload } from "./conditions.ts";
import { InlineUpload } from "./inline_upload.ts";
import { forget, type UploadParts } from "./stored_upload.ts";
import { Upload } from "./upload.ts";
import { MAX_INLINE_SIZE } from "./upload_content.ts";
import type { NewUpload, OpenUpload } from "./upload_terms.ts";

/** A large upload that has not ended, for people. */
export interface UploadInfo {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** In bytes; undefined when its client did not say. */
  readonly declaredSize: number | undefined;
  /** Bytes from the start that survive a crash. */
  readonly durable: number;
  /** Bytes taken so far; the same as `durable` while nobody holds it. */
  readonly received: number;
  /** When it was begun, milliseconds since 1970. */
  readonly begunMs: number;
  /** When it was begun, attached to or made durable last, milliseconds since 1970. */
  readonly activeMs: number;
  /** Whether a connection holds it now. */
  readonly isAttached: boolean;
}

/** Begins, resumes and ends uploads. */
export class Uploads {
  readonly #parts: UploadParts;
  /** The newest holder of each upload, until it has let go. Bounded by the requests under way. */
  readonly #live = new Map<string, Upload>();
  /** What could not be removed. Its blob may be broken, so that nobody may go on with it. */
  readonly #leftBehind = new Set<string>();

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  /** Begins a new upload. */
  async begin(about: NewUpload): Promise<OpenUpload> {
    const { declaredSize = Infinity } = about;
    if (declaredSize <= MAX_INLINE_SIZE) {
      return new InlineUpload(this.#parts, { ...about, declaredSize });
    }
    const upload = this.#register(about);
    await upload.begin();
    return upload;
  }

  /**
   * Takes over the newest unfinished upload of which the same was said, whoever holds it; undefined when
   * there is none. Throws `fenced` when the next one comes while this one takes over.
   */
  async resume(about: NewUpload): Promise<Upload | undefined> {
    // One that stays in memory has left nothing to take over.
    if ((about.declaredSize ?? Infinity) <= MAX_INLINE_SIZE) return undefined;
    for (const record of await this.#parts.catalog.uploadsTo(about.name)) {
      if (!isSame(record, about)) continue;
      const upload = await this.#takeOver({ ...about, id: record.id });
      if (upload) return upload;
    }
    return undefined;
  }

  /** All large uploads that have not ended, the oldest first. */
  async list(): Promise<UploadInfo[]> {
    const records = await this.#parts.catalog.uploads();
    return records.map(({ id, name, declaredSize, durable, begunMs, activeMs }) => {
      const holder = this.#holderOf(id);
      const received = holder?.received ?? durable;
      const isAttached = holder !== undefined;
      return {
        id,
        name: name.name,
        declaredSize,
        durable,
        received,
        begunMs,
        activeMs,
        isAttached,
      };
    });
  }

  /** Takes an upload from whoever holds it and removes it. Throws `not_found`. */
  async abort(id: string): Promise<void> {
    const wasLive = await this.#live.get(id)?.fence("remove");
    const wasThere = await this.#remove(id);
    if (!wasLive && !wasThere) throw noUpload(id);
  }

  /** Removes what nobody holds and was not active for longer than this; returns how many. */
  async expire(olderThanMs: number): Promise<number> {
    const before = this.#parts.clock.now() - olderThanMs;
    let expired = 0;
    for (const record of await this.#parts.catalog.uploads()) {
      if (record.activeMs >= before || this.#holderOf(record.id)) continue;
      // With the epoch that was seen: whoever attaches meanwhile keeps it.
      await forget(this.#parts, record);
      expired++;
    }
    return expired;
  }

  async #takeOver(about: NewUpload): Promise<Upload | undefined> {
    // No wait before these three lines are through: the holder is out at once, and whoever comes next
    // finds this one to fence.
    const released = this.#live.get(about.id)?.fence("keep");
    const upload = this.#register(about);
    const attached = upload.attach(this.#cleared(about.id, released));
    if (!await attached) return undefined;
    if (!upload.isHeld) throw fenced(about.id);
    return upload;
  }

  /** Settles when the former holder has let go. What it left behind is removed now, or fails once more. */
  async #cleared(id: string, released: Promise<unknown> | undefined): Promise<void> {
    await released;
    if (this.#leftBehind.has(id)) await this.#remove(id);
  }

  /** Through an attach, so that a holder in another process is fenced, too. */
  async #remove(id: string): Promise<boolean> {
    const record = await this.#parts.catalog.attachUpload(id);
    if (record) await forget(this.#parts, record);
    this.#leftBehind.delete(id);
    return record !== undefined;
  }

  #register(about: NewUpload): Upload {
    const upload: Upload = new Upload(this.#parts, about, (how) => {
      if (how === "left behind") this.#leftBehind.add(about.id);
      if (this.#live.get(about.id) === upload) this.#live.delete(about.id);
    });
    this.#live.set(about.id, upload);
    return upload;
  }

  #holderOf(id: string): Upload | undefined {
    const upload = this.#live.get(id);
    return upload?.isHeld ? upload : undefined;
  }
}

/** Whether both are an upload of one source to one place: then the bytes of one are those of the other. */
function isSame(record: UploadRecord, about: NewUpload): boolean {
  return equals(record.name.key, about.name.key) &&
    record.declaredSize === about.declaredSize &&
    record.modifiedMs === about.modifiedMs &&
    isSameCondition(record.condition, about.condition) &&
    isSameMetadata(record.metadata, about.metadata);
}

function isSameCondition(a: Condition, b: Condition): boolean {
  if (a.kind === "version" && b.kind === "version") return a.version === b.version;
  return a.kind === b.kind;
}

function isSameMetadata(a: Metadata, b: Metadata): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}
