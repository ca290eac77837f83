// A thread that hashes when the test says so.

import { type HashThread, RUN_SIZE } from "../../lib/base/hash_thread.ts";
import { leafHashes } from "../../lib/base/merkle.ts";

/** Holds runs until the test lets it finish them, in any order. */
export class FakeHashThread implements HashThread {
  /** Runs that were handed over and are not finished, oldest first. */
  readonly runs: { finish(): void; fail(reason: Error): void }[] = [];
  /** How many runs it takes before it is busy. */
  most = Infinity;
  isReleased = false;

  get isBusy(): boolean {
    return this.runs.length >= this.most;
  }

  memory(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(RUN_SIZE);
  }

  putBack(): void {}

  hash(run: Uint8Array<ArrayBuffer>): Promise<Uint8Array> | undefined {
    if (this.isBusy) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    // As the memory of a real one is gone, so that nobody may look at it any more.
    const memory = new Uint8Array(run.buffer.transfer());
    const entry = {
      finish: () => {
        this.runs.splice(this.runs.indexOf(entry), 1);
        resolve(leafHashes(memory));
      },
      fail: (reason: Error) => {
        this.runs.splice(this.runs.indexOf(entry), 1);
        reject(reason);
      },
    };
    this.runs.push(entry);
    return promise;
  }

  release(): void {
    this.isReleased = true;
  }
}
