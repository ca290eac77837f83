// Somebody who watches a simulated world, over all its faults: what they were told has to be the log of changes,
// from where they began on, each change once. Now and then they are stopped, and begin again where they were.

import { type ErrorCode, MorselError } from "../../lib/base/errors.ts";
import { checkName } from "../../lib/base/names.ts";
import { wait } from "../../lib/base/wait.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import type { Change as Told } from "../../lib/client/types.ts";
import type { Change } from "../../lib/store/catalog.ts";
import { wholeLog } from "../support/log_problems.ts";
import { openClient } from "./open_client.ts";
import type { SimRandom } from "./random.ts";
import { SimProcess } from "./sim_clock.ts";
import { LAST_LOOK_MS, type World } from "./world.ts";

/** More than it takes to notice a dead link, to connect anew, and to be told of all that was missed. */
const CATCH_UP_MS = 600_000;
/** What a watch may end in; others are no fault's doing. */
const EXPECTED: readonly ErrorCode[] = ["connection", "deadline", "busy", "draining"];

/** A watcher and its process. */
export class SimWatcher {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #random: SimRandom;
  readonly #prefix: string;
  readonly #retryMs: number;
  readonly #told: string[] = [];
  readonly #over = new AbortController();
  /** Where to go on; undefined before the first watch. */
  #place: number | undefined;
  #from = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(name: string, world: World) {
    this.#world = world;
    this.#process = new SimProcess(name, world.clock);
    this.#random = world.random.fork();
    this.#prefix = this.#random.pick(["", "", "b/", "caf\u00e9"]);
    this.#retryMs = this.#random.pick([0, 5_000, Infinity]);
  }

  /** Begins. */
  start(): void {
    this.#running = this.#watchOn();
  }

  /** Waits until it has been told of all that has happened, and ends it. Reports what it was not told. */
  async finish(): Promise<void> {
    const endMs = this.#world.clock.nowMs + CATCH_UP_MS;
    let due = await this.#due();
    while (this.#told.length < due.length && this.#world.clock.nowMs < endMs) {
      await this.#process.wait(100);
      due = await this.#due();
    }
    this.#over.abort();
    await this.#running;
    await this.#process.wait(LAST_LOOK_MS);
    const { name, timers } = this.#process;
    if (timers > 0) this.#world.report(`${name} left ${timers} timers`);
    const links = this.#world.network.links.filter((link) => link.isOpenAt(this.#process));
    if (links.length > 0) this.#world.report(`${name} left ${links.length} connections`);
    // A disk that hangs may end a commit when its client has long given up, and nobody watches any more.
    const owed = Math.max(due.length, this.#told.length);
    this.#compare((await this.#due()).slice(0, owed));
  }

  /** What it has to be told: nothing before it has begun. */
  async #due(): Promise<string[]> {
    if (this.#place === undefined) return [];
    return (await wholeLog(this.#world.catalog.engine))
      .filter((change) => change.sequence > this.#from && keyOf(change).startsWith(this.#prefix))
      .map(wordsOf);
  }

  #compare(due: readonly string[]): void {
    const { name } = this.#process;
    this.#world.log(name, `was told of ${this.#told.length} changes behind ${this.#from}`);
    const wrong = Math.max(due.length, this.#told.length);
    for (let index = 0; index < wrong; index++) {
      if (this.#told[index] === due[index]) continue;
      const told = this.#told[index] ?? "nothing";
      this.#world.report(`${name} was told ${told}, not ${due[index] ?? "nothing"}`);
      return;
    }
  }

  async #watchOn(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      let client: FileClient | undefined;
      try {
        client = await openClient(this.#world, {
          process: this.#process,
          random: this.#random.fork(),
          retryMs: this.#retryMs,
          onRepeat: () => {},
        });
        await this.#watch(client);
      } catch (thrown) {
        this.#world.log(this.#process.name, `ends: ${thrown}`);
        const isExpected = thrown instanceof MorselError && EXPECTED.includes(thrown.code);
        if (!signal.aborted && !isExpected) {
          this.#world.report(`${this.#process.name} failed: ${thrown}`);
          return;
        }
      }
      await client?.close();
      await wait(this.#process, this.#random.magnitude(5000), signal).catch(() => {});
    }
  }

  async #watch(client: FileClient): Promise<void> {
    const { signal } = this.#over;
    const since = this.#place ?? (this.#random.chance(0.5) ? 0 : undefined);
    const from = since === undefined ? {} : { since };
    const watch = await client.watch({ ...from, prefix: this.#prefix, signal });
    if (this.#place === undefined) this.#from = watch.sequence;
    this.#place = watch.sequence;
    this.#world.log(this.#process.name, `watches "${this.#prefix}" behind ${this.#place}`);
    for await (const change of watch) {
      this.#told.push(wordsOf(change));
      this.#place = watch.sequence;
      if (this.#random.chance(0.03)) {
        await wait(this.#process, this.#random.magnitude(60_000), signal);
      }
      if (this.#random.chance(0.03)) break;
    }
  }
}

function wordsOf(change: Told | Change): string {
  const { kind, sequence } = change;
  if (kind === "remove") return `${sequence} remove ${change.name}`;
  const { name, size, committedMs } = change.file;
  return `${sequence} put ${name}, ${size} bytes at ${committedMs}`;
}

function keyOf(change: Change): string {
  const name = change.kind === "put" ? change.file.name : change.name;
  return new TextDecoder().decode(checkName(name).key);
}
