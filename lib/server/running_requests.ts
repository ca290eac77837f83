// The requests of a session that are under way, by their tags, within the limits that were announced
// (PROTOCOL.md 3 and 6).

import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Message, Request, RequestName } from "../protocol/messages.ts";
import type { UploadRequest } from "./upload_request.ts";

/** A request under way: how to stop it, and the upload that takes its data, if it is one. */
export class Running {
  readonly type: RequestName;
  /** When it began, by the monotonic clock. */
  readonly begunMs: number;
  upload?: UploadRequest;
  #stop: AbortController | undefined;

  constructor(type: RequestName, begunMs: number) {
    this.type = type;
    this.begunMs = begunMs;
  }

  /** Made when it is first wanted: no upload ever looks, and it is dear where there are many. */
  get stop(): AbortController {
    return this.#stop ??= new AbortController();
  }
}

/** Requests by tag. */
export class RunningRequests {
  readonly #limits: Limits;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #byTag = new Map<number, Running>();

  constructor(limits: Limits, clock: Pick<Clock, "monotonicMs">) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** How many there are. */
  get count(): number {
    return this.#byTag.size;
  }

  /** How many of them move the content of a file. */
  get transfers(): number {
    let transfers = 0;
    for (const { type, upload } of this.#byTag.values()) {
      // An upload that was refused moves nothing any more, and has only its tag.
      if (type === "ReadRange" || (upload && !upload.isRefused)) transfers++;
    }
    return transfers;
  }

  /** All of them. */
  get all(): Running[] {
    return [...this.#byTag.values()];
  }

  /** The request with this tag, if there is one. */
  get(tag: number): Running | undefined {
    return this.#byTag.get(tag);
  }

  /** Takes a request in under its tag. Throws `protocol` for a tag that is not free, and past the limit. */
  enter({ type, tag }: Pick<Request, "type" | "tag">): Running {
    const { maxRequests } = this.#limits;
    if (tag === 0) throw new MorselError("protocol", "A request cannot have the tag 0");
    if (this.#byTag.has(tag)) {
      throw new MorselError("protocol", `The tag ${tag} is in use by an unanswered request`);
    }
    if (this.#byTag.size >= maxRequests) {
      throw new MorselError("protocol", `More than ${maxRequests} requests are under way`, {
        detail: { limit: "maxRequests", value: String(maxRequests) },
      });
    }
    const entry = new Running(type, this.#clock.monotonicMs());
    this.#byTag.set(tag, entry);
    return entry;
  }

  /** Frees a tag. */
  leave(tag: number): void {
    this.#byTag.delete(tag);
  }

  /** The open upload that a message belongs to. Throws `protocol` if there is none. */
  uploadOf({ type, tag }: Message): UploadRequest {
    const upload = this.#byTag.get(tag)?.upload;
    if (upload?.isOpen) return upload;
    throw new MorselError("protocol", `${type} came for the tag ${tag}, which is no open upload`);
  }

  /** Why there is to be no other upload, if there are as many as announced. */
  uploadRefusal(): MorselError | undefined {
    const { maxUploads } = this.#limits;
    let uploads = 0;
    // One that was refused holds nothing any more, but its tag.
    for (const { upload } of this.#byTag.values()) if (upload && !upload.isRefused) uploads++;
    if (uploads < maxUploads) return undefined;
    return new MorselError(
      "limit",
      `More than ${maxUploads} uploads of one session are under way`,
      {
        detail: { limit: "maxUploads", value: String(maxUploads) },
      },
    );
  }
}
