// A thread that hashes blocks, through node:worker_threads, which Deno, Bun and Node all have. Blocks and hashes
// lie in memory that both threads see, in a ring of places: a message for each block would cost as much as
// its hash. A fast path of Morsel; `bench/hash_bench.ts` shows what it brings.

import type { Worker } from "node:worker_threads";
import type { HashingThread, PendingLeaf } from "../base/content_hasher.ts";
import { BLOCK_SIZE, DIGEST_SIZE, leafHash } from "../base/merkle.ts";

/** Blocks that may wait to be hashed: enough for what a few reads of a socket bring. */
const PLACES = 16;

// The control words: how many blocks were given and how many are done, and the size of the block in each
// place. The counts wrap around; only their difference is used.
const GIVEN = 0;
const DONE = 1;
const SIZES = 2;

/** A {@linkcode HashingThread} that begins with its first block. It does not keep the process from ending. */
export function nodeHashingThread(): HashingThread {
  return new NodeHashingThread();
}

interface Waiting extends PendingLeaf {
  leaf: Uint8Array | undefined;
}

class NodeHashingThread implements HashingThread {
  #ring: Ring | undefined;
  /** Those in the last places of the ring, in order. */
  readonly #waiting: Waiting[] = [];
  #given = 0;
  #waits = 0;
  #worker: Promise<Worker | undefined> | undefined;
  #isReady = false;
  #isClosed = false;

  hash(block: Uint8Array): PendingLeaf | undefined {
    if (!this.#isReady) {
      if (!this.#isClosed) this.#worker ??= this.#start().catch(() => undefined);
      return undefined;
    }
    this.#collect();
    if (this.#waiting.length === PLACES) return undefined;
    const { control, blocks } = this.#ring!;
    const place = (this.#given >>> 0) % PLACES;
    blocks.set(block, place * BLOCK_SIZE);
    control[SIZES + place] = block.length;
    const pending: Waiting = { leaf: undefined, known: () => this.#known(pending) };
    this.#waiting.push(pending);
    this.#given = (this.#given + 1) | 0;
    Atomics.store(control, GIVEN, this.#given);
    Atomics.notify(control, GIVEN);
    return pending;
  }

  close(): void {
    this.#isClosed = true;
    this.#giveUp();
    void this.#worker?.then((worker) => worker?.terminate());
  }

  async #start(): Promise<Worker> {
    const { Worker } = await import("node:worker_threads");
    const ring = this.#ring = makeRing();
    const workerData = { ...ring, places: PLACES, blockSize: BLOCK_SIZE, digestSize: DIGEST_SIZE };
    // As text, so that a program that is one binary needs no second file, and no permission to read one.
    const worker = new Worker(`(${hashBlocks})()`, { eval: true, workerData });
    worker.unref();
    worker.once("message", () => this.#isReady = !this.#isClosed);
    worker.on("error", () => this.#giveUp());
    return worker;
  }

  /** From now on blocks are hashed where they are; those in the ring too. */
  #giveUp(): void {
    this.#isReady = false;
    if (this.#waiting.length > 0) Atomics.notify(this.#ring!.control, DONE);
  }

  /** Takes the hashes that are there to those who wait for them. */
  #collect(): void {
    const { control, blocks, leaves } = this.#ring!;
    const open = (this.#given - Atomics.load(control, DONE)) | 0;
    while (this.#waiting.length > (this.#isReady ? open : 0)) {
      const place = ((this.#given - this.#waiting.length) >>> 0) % PLACES;
      const isDone = this.#waiting.length > open;
      const start = place * BLOCK_SIZE;
      this.#waiting.shift()!.leaf = isDone
        ? leaves.slice(place * DIGEST_SIZE, (place + 1) * DIGEST_SIZE)
        : leafHash(blocks.subarray(start, start + control[SIZES + place]!));
    }
  }

  async #known(pending: Waiting): Promise<void> {
    const { control } = this.#ring!;
    const worker = await this.#worker;
    if (this.#waits++ === 0) worker?.ref(); // a program may have nothing else to wait for
    while (!pending.leaf) {
      const done = Atomics.load(control, DONE);
      this.#collect();
      if (!pending.leaf) await Atomics.waitAsync(control, DONE, done).value;
    }
    if (--this.#waits === 0) worker?.unref();
  }
}

/** Memory that both threads see. */
interface Ring {
  readonly control: Int32Array;
  readonly blocks: Uint8Array;
  readonly leaves: Uint8Array;
}

function makeRing(): Ring {
  return {
    control: new Int32Array(new SharedArrayBuffer(4 * (SIZES + PLACES))),
    blocks: new Uint8Array(new SharedArrayBuffer(PLACES * BLOCK_SIZE)),
    leaves: new Uint8Array(new SharedArrayBuffer(PLACES * DIGEST_SIZE)),
  };
}

/** What the thread runs, for ever. It stands alone: nothing of this file is there. */
async function hashBlocks(): Promise<void> {
  const { createHash } = await import("node:crypto");
  const { parentPort, workerData } = await import("node:worker_threads");
  const { places, blockSize, digestSize } = workerData;
  const { control, blocks, leaves } = workerData as Ring;
  const [GIVEN, DONE, SIZES] = [0, 1, 2];
  const prefix = Uint8Array.of(0);
  parentPort!.postMessage("ready");
  for (let done = 0;; done = (done + 1) | 0) {
    while (Atomics.load(control, GIVEN) === done) Atomics.wait(control, GIVEN, done);
    const place = (done >>> 0) % places;
    const start = place * blockSize;
    const block = blocks.subarray(start, start + control[SIZES + place]!);
    leaves.set(createHash("sha256").update(prefix).update(block).digest(), place * digestSize);
    Atomics.store(control, DONE, (done + 1) | 0);
    Atomics.notify(control, DONE);
  }
}
