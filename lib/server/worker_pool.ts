// The workers of a server: started, told what changes, started again when they end before their time, and stopped
// with it. They serve on the same port; only this process changes something in the data folder.

import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import { fromHex } from "../base/hex.ts";
import { JsonLines, readJsonLines } from "../base/json_lines.ts";
import type { Child } from "../runtime/child.ts";
import type { ServerTls } from "../runtime/connection.ts";
import type { Catalog, Place } from "../store/catalog.ts";
import type { HeldBlob, HeldBlobs } from "../store/held_blobs.ts";
import type { Counts } from "./counts.ts";
import type { LogRecord } from "./server_log.ts";
import type { FromWorker, ToWorker, WorkerOrders } from "./worker_words.ts";

/** What a {@linkcode WorkerPool} needs. */
export interface WorkerPoolOptions {
  /** How many there are to be. */
  readonly count: number;
  /** Starts one. */
  readonly start: () => Promise<Child>;
  readonly orders: WorkerOrders;
  readonly store: { onChange(listener: () => void): () => void };
  readonly held: HeldBlobs;
  readonly catalog: Pick<Catalog, "markDamage">;
  readonly clock: Clock;
  /** Told what each of them has counted, by its number, and when it has ended. */
  readonly onCounts: (worker: number, counts: Counts | undefined) => void;
  /** Called with what happens in them. */
  readonly log?: ((record: LogRecord) => void) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How long a worker may take until it listens, in milliseconds. */
const START_MS = 30_000;
/** How long one that has been told to stop may take beyond the grace, in milliseconds. */
const STOP_MS = 2_000;
/** Changes within so many milliseconds are told of once. */
const TELL_EVERY_MS = 5;
/** The wait before another is started in place of one that has ended, in milliseconds: doubled each time. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** One that lived as long was well. */
const WELL_AFTER_MS = 60_000;

/** Workers at work, from `start` until `stop`. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<Worker>();
  readonly #slots: Promise<void>[] = [];
  readonly #stopped = Promise.withResolvers<void>();
  #orders: WorkerOrders;
  #started = 0;
  #isStopping = false;
  #stopListening = () => {};

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#orders = options.orders;
  }

  /** Starts them all; settles once all listen. Throws what keeps one from it, with none left. */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      for (let index = 0; index < options.count; index++) {
        const worker = await pool.#startOne();
        pool.#slots.push(pool.#keep(worker));
      }
    } catch (thrown) {
      await pool.stop();
      throw thrown;
    }
    pool.#stopListening = options.store.onChange(pool.#bell());
    return pool;
  }

  /** Workers that listen now. */
  get size(): number {
    return this.#workers.size;
  }

  /** Shows other certificates from now on. */
  renew(tls: ServerTls): void {
    this.#orders = { ...this.#orders, tls };
    for (const worker of this.#workers) worker.send({ type: "tls", tls });
  }

  /** Lets all of them finish what is under way, within the grace, and ends them. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped.resolve();
    this.#stopListening();
    const { clock } = this.#options;
    for (const worker of this.#workers) worker.send({ type: "stop" });
    const stopTimer = clock.timer(this.#orders.graceMs + STOP_MS, () => {
      for (const worker of this.#workers) worker.kill();
    });
    await Promise.all([...this.#workers].map((worker) => worker.ended));
    await Promise.all(this.#slots);
    stopTimer();
  }

  /** Starts one and waits until it listens. */
  async #startOne(): Promise<Worker> {
    const { start, clock } = this.#options;
    const worker = new Worker(await start(), { ...this.#options, number: ++this.#started });
    this.#workers.add(worker);
    void worker.ended.then(() => this.#workers.delete(worker));
    if (this.#isStopping) worker.kill();
    // Told that it is there before it looks at anything, so that no blob goes without its being asked.
    worker.send({ type: "orders", orders: this.#orders });
    const stopTimer = clock.timer(START_MS, () => worker.kill());
    try {
      const how = await Promise.race([worker.listening, worker.ended]);
      if (how === undefined) return worker;
      throw new MorselError("internal", `A worker did not start: it ended with ${how}`);
    } finally {
      stopTimer();
    }
  }

  /** Starts another each time one has ended. */
  async #keep(first: Worker): Promise<void> {
    const { clock, onError } = this.#options;
    let worker: Worker | undefined = first;
    let pauseMs = FIRST_PAUSE_MS;
    while (true) {
      const sinceMs = clock.monotonicMs();
      let why: string;
      if (worker) why = `A worker ended with ${await worker.ended}`;
      else {
        try {
          worker = await this.#startOne();
          continue;
        } catch (thrown) {
          why = thrown instanceof Error ? thrown.message : String(thrown);
        }
      }
      if (this.#isStopping) return;
      worker = undefined;
      if (clock.monotonicMs() - sinceMs >= WELL_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      const next = `another is started in ${pauseMs / 1000} s`;
      onError?.(new MorselError("internal", `${why}; ${next}`));
      await this.#pause(pauseMs);
      if (this.#isStopping) return;
      pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
    }
  }

  async #pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const stopTimer = this.#options.clock.timer(ms, () => over.resolve());
    await Promise.race([over.promise, this.#stopped.promise]);
    stopTimer();
  }

  /** What is called with each change, and tells all of them soon. */
  #bell(): () => void {
    let isRung = false;
    return () => {
      if (isRung) return;
      isRung = true;
      this.#options.clock.timer(TELL_EVERY_MS, () => {
        isRung = false;
        for (const worker of this.#workers) worker.send({ type: "changed" });
      });
    };
  }
}

interface WorkerOptions extends WorkerPoolOptions {
  /** Tells its records and counts from those of the others. */
  readonly number: number;
}

/** One process. */
class Worker {
  /** Settles once it listens. */
  readonly listening: Promise<void>;
  /** How it ended, once nothing of it is left. Never rejects. */
  readonly ended: Promise<string>;
  readonly #child: Child;
  readonly #words: JsonLines;
  readonly #options: WorkerOptions;
  readonly #listens = Promise.withResolvers<void>();
  /** Blobs that go once it lets them go. */
  readonly #asked = new Map<string, HeldBlob>();
  readonly #letGo = new Set<Promise<void>>();

  constructor(child: Child, options: WorkerOptions) {
    this.#child = child;
    this.#options = options;
    const input = child.input.getWriter();
    input.closed.catch(() => {}); // its end shows elsewhere
    // One that reads no more is of no use, and what was to be said to it must not pile up.
    this.#words = new JsonLines((bytes) => input.write(bytes), () => child.kill());
    this.listening = this.#listens.promise;
    const leave = options.held.share({
      letGo: (id, hold) => this.#ask(id, hold),
      damage: (id, damage) => this.send({ type: "damage", id, damage }),
    });
    this.ended = this.#end(leave);
  }

  send(words: ToWorker): void {
    this.#words.send(words);
  }

  kill(): void {
    this.#child.kill();
  }

  async #end(leave: () => void): Promise<string> {
    const heard = this.#hear();
    const how = await this.#child.ended;
    leave();
    await heard;
    this.#options.onCounts(this.#options.number, undefined);
    for (const id of [...this.#asked.keys()]) this.#release(id);
    await Promise.all(this.#letGo);
    return how;
  }

  async #hear(): Promise<void> {
    try {
      for await (const words of readJsonLines(this.#child.output)) this.#take(words as FromWorker);
    } catch (thrown) {
      this.#options.onError?.(thrown);
      this.kill();
    }
  }

  #take(words: FromWorker): void {
    switch (words.type) {
      case "listening":
        return this.#listens.resolve();
      case "counts":
        return this.#options.onCounts(this.#options.number, words.counts);
      case "log":
        return this.#record(words.record);
      case "letGo":
        return this.#release(words.id);
      case "damage":
        return this.#damage(words);
      default:
        return words satisfies never;
    }
  }

  #record({ time, event, ...facts }: LogRecord): void {
    const { log, number } = this.#options;
    log?.({ time, event, worker: number, ...facts });
  }

  #ask(id: string, hold: HeldBlob): void {
    this.#asked.set(id, hold);
    this.send({ type: "letGo", id });
  }

  #release(id: string): void {
    const hold = this.#asked.get(id);
    this.#asked.delete(id);
    if (!hold) return;
    const released = hold.release().finally(() => this.#letGo.delete(released));
    this.#letGo.add(released);
  }

  #damage({ digest, blob, damage }: Extract<FromWorker, { type: "damage" }>): void {
    const { held, catalog, onError } = this.#options;
    if (blob !== undefined) held.setDamage(blob, damage);
    const place: Place = blob === undefined
      ? { kind: "inline", bytes: new Uint8Array(0) }
      : { kind: "blob", id: blob };
    catalog.markDamage({ digest: fromHex(digest), place }, damage).catch((error) =>
      onError?.(error)
    );
  }
}
