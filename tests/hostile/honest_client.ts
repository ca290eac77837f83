// The user beside an attack: whatever happens to the others, its files go through whole.

import { assert, assertEquals } from "@std/assert";
import { equals } from "@std/bytes";
import type { Clock } from "../../lib/base/clock.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import { contentOf } from "../support/content.ts";

/** Where an honest client works. */
export interface HonestPlace {
  readonly kind: "memory" | "tcp";
  readonly clock: Clock;
  connect(): Promise<FileClient>;
}

/** Puts, gets and compares files, one after the other, until it is stopped. */
export class HonestClient implements AsyncDisposable {
  readonly #client: FileClient;
  readonly #place: HonestPlace;
  readonly #work: Promise<void>;
  #count = 0;
  #slowestMs = 0;
  #isStopped = false;

  private constructor(client: FileClient, place: HonestPlace) {
    this.#client = client;
    this.#place = place;
    this.#work = this.#run();
    this.#work.catch(() => {}); // `stop` tells it
  }

  /** Connects and begins to work. */
  static async start(place: HonestPlace): Promise<HonestClient> {
    return new HonestClient(await place.connect(), place);
  }

  /** Ends after the file that is under way. Throws when one did not come back as it was. */
  async stop(): Promise<{ count: number; slowestMs: number }> {
    this.#isStopped = true;
    await this.#work.finally(() => this.#client.close());
    return { count: this.#count, slowestMs: this.#slowestMs };
  }

  /** The same as `stop`, but for what went wrong. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }

  async #run(): Promise<void> {
    const { kind, clock } = this.#place;
    for (let turn = 0; turn === 0 || !this.#isStopped; turn++) {
      const content = contentOf(SIZES[turn % SIZES.length]!, turn);
      const startedMs = performance.now();
      const { digest } = await this.#client.put("honest", content);
      const download = await this.#client.get("honest");
      assert(equals(await download.bytes(), content), "the honest client got other bytes");
      assertEquals(download.file.digest, digest);
      this.#count++;
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedMs);
      await new Promise<void>((resolve) => clock.timer(PAUSE_MS[kind], resolve));
    }
  }
}

/** One chunk, more than one block, more than one read. */
const SIZES = [1300, 70_000, 300_000] as const;
/** Between two files, so that an attack does not meet a server that is busy anyway. */
const PAUSE_MS = { memory: 250, tcp: 20 } as const;
