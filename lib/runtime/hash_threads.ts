// A thread that hashes, through node:worker_threads, which Deno, Bun and Node all have. Runs change hands without
// a copy; the thread is started with the first lease and ended with the last.

import type { Worker } from "node:worker_threads";
import { MorselError } from "../base/errors.ts";
import { type HashThread, type HashThreads, RUN_SIZE } from "../base/hash_thread.ts";

/** What the thread runs. */
export const HASH_WORKER: URL = new URL("./hash_worker.ts", import.meta.url);

/** Runs with the thread at a time, so that it has something to do while its user reads and writes. */
const MOST_RUNS = 4;

type Memory = Uint8Array<ArrayBuffer>;

interface Reply {
  readonly memory: ArrayBuffer;
  readonly leaves: ArrayBuffer;
}

/** Leases shares in one thread. `mayStart` tells whether the runtime would let it start, without asking people. */
export function workerThreads(mayStart: () => Promise<boolean>): HashThreads {
  let thread: HashWorker | undefined;
  let leases = 0;
  return {
    lease() {
      leases++;
      const shared = thread ??= new HashWorker(mayStart);
      let isReleased = false;
      return {
        memory: () => shared.memory(),
        get isReady() {
          return shared.isReady;
        },
        get room() {
          return shared.room;
        },
        putBack: (memory) => shared.putBack(memory),
        hash: (run) => shared.hash(run),
        release: () => {
          if (isReleased) return;
          isReleased = true;
          if (--leases > 0) return;
          thread = undefined;
          shared.end();
        },
      };
    },
  };
}

class HashWorker implements Omit<HashThread, "release"> {
  readonly #waiting: PromiseWithResolvers<Uint8Array>[] = [];
  readonly #spare: Memory[] = [];
  #worker: Worker | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  /** A thread that cannot start, as in a binary without its file, never is, and nothing is lost with it. */
  isReady = false;
  #isEnded = false;

  constructor(mayStart: () => Promise<boolean>) {
    // Without it everything is hashed where it is.
    this.#start(mayStart).catch(() => {});
  }

  get room(): Promise<void> | undefined {
    if (this.#waiting.length < MOST_RUNS) return undefined;
    return (this.#room ??= Promise.withResolvers<void>()).promise;
  }

  memory(): Memory {
    return this.#spare.pop() ?? new Uint8Array(RUN_SIZE);
  }

  putBack(memory: Memory): void {
    if (this.#spare.length < MOST_RUNS) this.#spare.push(memory);
  }

  hash(run: Memory): Promise<Uint8Array> {
    const worker = this.#worker!;
    const waiting = Promise.withResolvers<Uint8Array>();
    // A program that has nothing else to do ends, but not before what it waits for.
    if (this.#waiting.push(waiting) === 1) worker.ref();
    worker.postMessage(run.buffer, [run.buffer]);
    return waiting.promise;
  }

  end(): void {
    this.#isEnded = true;
    this.isReady = false;
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#makeRoom(); // nobody waits for what will not come
  }

  async #start(mayStart: () => Promise<boolean>): Promise<void> {
    if (navigator.hardwareConcurrency < 2 || !await mayStart()) return;
    const { Worker } = await import("node:worker_threads");
    if (this.#isEnded) return;
    const worker = this.#worker = new Worker(HASH_WORKER);
    worker.on("error", (cause: unknown) => this.#fail(cause));
    worker.once("message", () => {
      this.isReady = !this.#isEnded;
      worker.on("message", (reply: Reply) => this.#take(reply, worker));
      worker.unref(); // whoever listens for messages waits for them otherwise
    });
    worker.unref();
  }

  #take({ memory, leaves }: Reply, worker: Worker): void {
    this.putBack(new Uint8Array(memory));
    this.#waiting.shift()?.resolve(new Uint8Array(leaves));
    if (this.#waiting.length === 0) worker.unref();
    this.#makeRoom();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #fail(cause: unknown): void {
    this.end();
    const error = new MorselError("internal", "The thread that hashes has failed", { cause });
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
