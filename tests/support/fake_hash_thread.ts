// A thread that hashes when the test says so.

import { type HashThread, RUN_SIZE } from "../../lib/base/hash_thread.ts";
import { leafHashes } from "../../lib/base/merkle.ts";

/** Holds runs until the test lets it finish them, in any order. */
export class FakeHashThread implements HashThread {
  /** Runs that were handed over and are not finished, oldest first. */
  readonly runs: { finish(): void; fail(reason: Error): void }[] = [];
  isReady = true;
  readonly room = undefined;

  memory(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(RUN_SIZE);
  }

  putBack(): void {}

  hash(run: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    // As the memory of a real one is gone, so that nobody may look at it any more.
    const memory = new Uint8Array(run.buffer.transfer());
    const end = () => void this.runs.splice(this.runs.indexOf(entry), 1);
    const entry = {
      finish: () => {
        end();
        resolve(leafHashes(memory));
      },
      fail: (reason: Error) => {
        end();
        reject(reason);
      },
    };
    this.runs.push(entry);
    return promise;
  }

  release(): void {}
}
