// Another thread that hashes whole runs of blocks while its user goes on. Hashing is the dearest thing that is done
// with a byte: on a second core it takes no time from reading, writing and sending.

import { BLOCK_SIZE } from "./merkle.ts";

/** Bytes of a run: handing one over costs a thirtieth of the time that hashing it takes. */
export const RUN_SIZE = 16 * BLOCK_SIZE;
/** From so many bytes on a download is worth a thread, which takes as long to start as 64 MiB to be hashed. */
export const WORTH_A_THREAD = 128 * 1024 * 1024;

/** The use of such a thread. End it with `release`. */
export interface HashThread {
  /** Memory for one run, to be filled and passed to `hash`, or to `putBack`. */
  memory(): Uint8Array<ArrayBuffer>;
  /** Whether it takes runs: until it has started, and where it cannot, everything is hashed here. */
  readonly isReady: boolean;
  /** Settles when it has room for another run; undefined when it has. */
  readonly room: Promise<void> | undefined;
  /** Takes memory back that is not needed after all. */
  putBack(memory: Uint8Array<ArrayBuffer>): void;
  /**
   * The leaf hashes of a whole run, one after the other; its memory is the thread's from then on. Call it when it is
   * ready. Rejects with `internal` when the thread has failed.
   */
  hash(run: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /** Lets go of it; what it was hashing is not wanted any more. */
  release(): void;
}

/** Where a thread is to be had. */
export interface HashThreads {
  /** A share in the thread, which runs as long as anybody has one. */
  lease(): HashThread;
}
