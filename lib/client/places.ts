// Room for requests under way: as many as the server has announced, and among them as many uploads. The others
// wait in the order they came.

import { unlessAborted } from "../base/wait.ts";
import type { Terms } from "../protocol/handshake.ts";

/** The places of one connection. Whoever has entered leaves. */
export class Places {
  #limits: Pick<Terms, "maxRequests" | "maxUploads">;
  readonly #waitingUploads: (() => void)[] = [];
  readonly #waitingOthers: (() => void)[] = [];
  #taken = 0;
  #uploads = 0;

  constructor(limits: Pick<Terms, "maxRequests" | "maxUploads">) {
    this.#limits = limits;
  }

  /** Takes a place: at once, or when the promise that is returned settles; none where it rejects, as the signal says. */
  enter(isUpload: boolean, signal?: AbortSignal): Promise<void> | undefined {
    if (this.#hasRoom(isUpload)) {
      this.#take(isUpload);
      return undefined;
    }
    const waiting = isUpload ? this.#waitingUploads : this.#waitingOthers;
    // Whoever leaves takes the place for us.
    const admitted = new Promise<void>((resolve) => waiting.push(resolve));
    const entering = unlessAborted(admitted, signal);
    // A place that nobody waits for any more goes to the next one.
    entering.catch(() => admitted.then(() => this.leave(isUpload)));
    return entering;
  }

  /** There is more room than was said before. */
  widen(limits: Pick<Terms, "maxRequests" | "maxUploads">): void {
    this.#limits = limits;
    while (this.#admit());
  }

  /** Gives a place back. */
  leave(isUpload: boolean): void {
    this.#taken--;
    if (isUpload) this.#uploads--;
    this.#admit();
  }

  /** Lets the next one in, if there is one and room for it. */
  #admit(): boolean {
    if (this.#waitingOthers.length > 0 && this.#hasRoom(false)) {
      this.#take(false);
      this.#waitingOthers.shift()!();
    } else if (this.#waitingUploads.length > 0 && this.#hasRoom(true)) {
      this.#take(true);
      this.#waitingUploads.shift()!();
    } else return false;
    return true;
  }

  #hasRoom(isUpload: boolean): boolean {
    const { maxRequests, maxUploads } = this.#limits;
    return this.#taken < maxRequests && (!isUpload || this.#uploads < maxUploads);
  }

  #take(isUpload: boolean): void {
    this.#taken++;
    if (isUpload) this.#uploads++;
  }
}
