// A user of the server: puts, overwrites, moves, copies, removes and gets its own files, one after the other,
// and notes in its model what was answered.

import { equals } from "@std/bytes";
import { type FileClient, MorselError } from "../../mod.ts";
import { type Content, type Contents, randomSize } from "./contents.ts";
import { describeOperation, Model, type Operation } from "./model.ts";

/** Names of one worker; few, so that most operations meet a file. */
const NAMES = 4;
/** Contents that several workers put, so that they share what the store keeps once. */
const SHARED_SEEDS = 5;

/**
 * What an operation may end in once the server has been killed. The last two are for a client that makes it
 * again after the restart, when the first attempt had been carried out.
 */
const EXCUSED: readonly string[] = [
  "connection",
  "deadline",
  "busy",
  "draining",
  "cancelled",
  "not_found",
  "conflict",
];

/** What a worker works with. */
export interface WorkerOptions {
  /** The beginning of its names, ending in `/`. */
  readonly prefix: string;
  readonly contents: Contents;
  readonly random: () => number;
  /** Whether what it does may be more than it is allowed to have. */
  readonly hasQuota: boolean;
}

/** One user. */
export class Worker {
  readonly prefix: string;
  readonly model = new Model();
  readonly #contents: Contents;
  readonly #random: () => number;
  readonly #hasQuota: boolean;
  #answered = 0;
  #isWorking = false;

  constructor({ prefix, contents, random, hasQuota }: WorkerOptions) {
    this.#hasQuota = hasQuota;
    this.prefix = prefix;
    this.#contents = contents;
    this.#random = random;
  }

  /** What it waits for. */
  get waitsFor(): string | undefined {
    return this.#isWorking ? this.model.doubt : undefined;
  }

  /** Operations that were answered. */
  get answered(): number {
    return this.#answered;
  }

  /**
   * Works until `isOver`, or until the server is gone. Throws when it is told or given what it should
   * not be.
   */
  async work(client: FileClient, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const operation = this.#choose();
      this.model.begin(operation);
      this.#isWorking = true;
      try {
        await this.#perform(client, operation);
      } catch (error) {
        // As long as the server was not killed nothing may fail.
        const isExcused = isOver() && error instanceof MorselError && EXCUSED.includes(error.code);
        if (isExcused) return;
        const isRefused = error instanceof MorselError && error.code === "quota";
        if (isRefused && this.#hasQuota) {
          // Once the server was killed an attempt before this one may have been carried out.
          if (isOver()) return;
          this.model.refuse();
          continue;
        }
        throw new Error(`${describeOperation(operation)} failed`, { cause: error });
      } finally {
        this.#isWorking = false;
      }
      this.model.acknowledge();
      this.#answered++;
    }
  }

  async #perform(client: FileClient, operation: Operation): Promise<void> {
    switch (operation.kind) {
      case "put":
        await client.put(operation.name, this.#contents.bytes(operation.content));
        return;
      case "move":
      case "copy":
        await client[operation.kind](operation.from, operation.to);
        return;
      case "remove":
        await client.remove(operation.name);
        return;
      case "get": {
        const download = await client.get(operation.name);
        insistOnBytes(
          await download.bytes(),
          this.model.files.get(operation.name)!,
          this.#contents,
        );
      }
    }
  }

  #choose(): Operation {
    const there = [...this.model.files.keys()];
    const from = there[Math.floor(this.#random() * there.length)];
    const to = `${this.prefix}${Math.floor(this.#random() * NAMES)}`;
    const kind = this.#random();
    if (from === undefined || kind < 0.45) {
      return { kind: "put", name: to, content: this.#newContent() };
    }
    if (kind < 0.6 && from !== to) return { kind: "move", from, to };
    if (kind < 0.75 && from !== to) return { kind: "copy", from, to };
    return { kind: kind < 0.85 ? "remove" : "get", name: from };
  }

  #newContent(): Content {
    if (this.#random() < 0.3) {
      const seed = Math.floor(this.#random() * SHARED_SEEDS);
      return { seed, size: 30_000 * (1 + seed) };
    }
    return {
      seed: SHARED_SEEDS + Math.floor(this.#random() * 1_000_000),
      size: randomSize(this.#random),
    };
  }
}

/** Compares every byte. */
export function insistOnBytes(bytes: Uint8Array, content: Content, contents: Contents): void {
  if (equals(bytes, contents.bytes(content))) return;
  throw new Error(
    `Got ${bytes.length} bytes that are not the ${content.size} of seed ${content.seed}`,
  );
}
