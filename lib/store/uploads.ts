// The uploads of a store: which are under way in this process, which wait for a resume, and who holds them.

import { equals } from "@std/bytes";
import { isSameStrings } from "../base/same_strings.ts";
import type { Condition, ListedUpload } from "./catalog.ts";
import { fenced, noUpload } from "./conditions.ts";
import { entryBytes } from "./entry_space.ts";
import { InlineUpload } from "./inline_upload.ts";
import { forget, type UploadParts } from "./stored_upload.ts";
import { Upload } from "./upload.ts";
import { MAX_INLINE_SIZE } from "./upload_content.ts";
import { eachUpload, eachUploadTo } from "./upload_pages.ts";
import type { NewUpload, OpenUpload } from "./upload_terms.ts";
import type { Principal } from "../base/principal.ts";
import type { DiskSpace } from "./disk_space.ts";
import { LimitedUpload } from "./limited_upload.ts";
import type { Reservations } from "./reservations.ts";

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

/** What the uploads of a store share. */
export interface UploadsParts extends UploadParts {
  readonly reservations: Reservations;
  /** Undefined where no space is kept free. */
  readonly space?: DiskSpace | undefined;
}

/** Begins, resumes and ends uploads. */
export class Uploads {
  readonly #parts: UploadsParts;
  /** The newest holder of each upload, until it has let go. Bounded by the requests under way. */
  readonly #live = new Map<string, Upload>();
  /** What could not be removed. Its blob may be broken, so that nobody may go on with it. */
  readonly #leftBehind = new Set<string>();

  constructor(parts: UploadsParts) {
    this.#parts = parts;
  }

  /** Begins a new upload. Throws `quota` and `no_space`. */
  async begin(about: NewUpload, by: Principal): Promise<OpenUpload> {
    const { id, name, declaredSize = Infinity } = about;
    const { reservations, space } = this.#parts;
    if (space) {
      const entry = entryBytes(about.metadata);
      await space.insistOn(entry + (about.declaredSize ?? 0));
      // A small one has none before its commit.
      if (declaredSize > MAX_INLINE_SIZE) await space.take(entry);
    }
    await reservations.reserve(id, { name, size: about.declaredSize ?? 0, by });
    if (declaredSize <= MAX_INLINE_SIZE) {
      const upload = new InlineUpload(this.#parts, { ...about, declaredSize });
      return this.#limited(upload, about, by);
    }
    const upload = this.#register(about);
    await upload.begin();
    return this.#limited(upload, about, by);
  }

  /**
   * Takes over the newest unfinished upload of this owner of which the same was said, whoever holds it;
   * undefined when there is none. Throws `fenced` when the next one comes while this one takes over.
   */
  async resume(about: NewUpload, by: Principal): Promise<OpenUpload | undefined> {
    // One that stays in memory has left nothing to take over.
    if ((about.declaredSize ?? Infinity) <= MAX_INLINE_SIZE) return undefined;
    const { catalog, reservations } = this.#parts;
    for await (const listed of eachUploadTo(about.name, this.#parts)) {
      if (!isSameButMetadata(listed, about)) continue;
      const record = await catalog.upload(listed.id);
      if (!record || !isSameStrings(record.metadata, about.metadata)) continue;
      if (reservations.quotasOf(by)) await reservations.restore(record);
      const upload = await this.#takeOver({ ...about, id: record.id });
      if (upload) return this.#limited(upload, about, by);
    }
    return undefined;
  }

  /** All large uploads that have not ended, the oldest first. */
  async *list(): AsyncGenerator<UploadInfo> {
    for await (const listed of eachUpload(this.#parts)) {
      const { id, name, declaredSize, durable, begunMs, activeMs } = listed;
      const holder = this.#holderOf(id);
      const received = holder?.received ?? durable;
      const isAttached = holder !== undefined;
      yield {
        id,
        name: name.name,
        declaredSize,
        durable,
        received,
        begunMs,
        activeMs,
        isAttached,
      };
    }
  }

  /** Takes an upload from whoever holds it and removes it. Throws `not_found`. */
  async abort(id: string): Promise<void> {
    let wasThere = false;
    // Whoever resumes it meanwhile is a holder, too.
    do {
      if (await this.#live.get(id)?.fence("remove")) wasThere = true;
      if (await this.#remove(id)) wasThere = true;
    } while (this.#live.has(id));
    if (!wasThere) throw noUpload(id);
  }

  /** Removes what nobody holds and was not active for longer than this; returns how many. */
  async expire(olderThanMs: number): Promise<number> {
    const before = this.#parts.clock.now() - olderThanMs;
    let expired = 0;
    for await (const listed of eachUpload(this.#parts)) {
      if (listed.activeMs >= before || this.#holderOf(listed.id)) continue;
      // With the epoch that was seen: whoever attaches meanwhile keeps it.
      if (!await forget(this.#parts, listed)) continue;
      this.#parts.reservations.release(listed.id);
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

  /** Through an attach, so that a holder in another process is fenced, too. False when there is none. */
  async #remove(id: string): Promise<boolean> {
    for (;;) {
      const record = await this.#parts.catalog.attachUpload(id);
      // Another attach may come between the two.
      if (record && !await forget(this.#parts, record)) continue;
      const wasLeft = this.#leftBehind.delete(id);
      // Without a row the id may be that of a small upload, which counts on.
      if (record || wasLeft) this.#parts.reservations.release(id);
      return record !== undefined;
    }
  }

  #register(about: NewUpload): Upload {
    const upload: Upload = new Upload(this.#parts, about, (how) => {
      if (how === "gone") this.#parts.reservations.release(about.id);
      if (how === "left behind") this.#leftBehind.add(about.id);
      if (this.#live.get(about.id) === upload) this.#live.delete(about.id);
    });
    this.#live.set(about.id, upload);
    return upload;
  }

  /** Of an upload that was said to be small nothing is left at its end; a large one tells itself. */
  #limited(upload: OpenUpload, { name, declaredSize }: NewUpload, by: Principal): OpenUpload {
    const { reservations, space } = this.#parts;
    const isCounted = declaredSize === undefined && reservations.quotasOf(by) !== undefined;
    const isSmall = upload instanceof InlineUpload;
    if (!isCounted && !isSmall && !space) return upload;
    return new LimitedUpload(upload, {
      beforeWrite: async (bytes, received) => {
        if (isCounted && received > reservations.sizeOf(upload.id)) {
          await reservations.growTo(upload.id, { name, size: received, by });
        }
        if (space) await space.take(bytes);
      },
      onEnd: () => {
        if (isSmall) reservations.release(upload.id);
      },
    });
  }

  #holderOf(id: string): Upload | undefined {
    const upload = this.#live.get(id);
    return upload?.isHeld ? upload : undefined;
  }
}

/**
 * Whether both, if their metadata is the same too, are an upload of one source to one place: then the bytes of one
 * are those of the other.
 */
function isSameButMetadata(listed: ListedUpload, about: NewUpload): boolean {
  return equals(listed.name.key, about.name.key) &&
    listed.declaredSize === about.declaredSize &&
    listed.modifiedMs === about.modifiedMs &&
    listed.owner === about.owner &&
    isSameCondition(listed.condition, about.condition);
}

function isSameCondition(a: Condition, b: Condition): boolean {
  if (a.kind === "version" && b.kind === "version") return a.version === b.version;
  return a.kind === b.kind;
}
