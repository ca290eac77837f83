// The server of a simulated world: the real FileServer on the real FileStore and FolderBlobs, which can be
// stopped, killed, and lose its power.

import { MorselError } from "../../lib/base/errors.ts";
import type { Limits } from "../../lib/protocol/limits.ts";
import type { Files } from "../../lib/runtime/files.ts";
import { FileServer } from "../../lib/server/file_server.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { FolderBlobs } from "../../lib/store/folder_blobs.ts";
import { SimProcess } from "./sim_clock.ts";
import { DATA_FOLDER, SimFiles } from "./sim_files.ts";
import { SERVER_ADDRESS } from "./sim_network.ts";
import { LAST_LOOK_MS, type World } from "./world.ts";

/** How long running requests have when the server stops, in milliseconds. */
const GRACE_MS = 5_000;
/** The longest a stop may take on a slow disk, in milliseconds. */
const STOP_LIMIT_MS = 600_000;

/** A bug put between the store and what it stands on. */
export interface Plant {
  readonly files?: (files: Files) => Files;
  readonly catalog?: (catalog: Catalog, world: World) => Catalog;
  /** Done before a run; what it returns, after it. */
  readonly begin?: () => () => void;
}

/** One life of the server. */
interface Life {
  readonly process: SimProcess;
  readonly files: SimFiles;
  readonly store: FileStore;
  readonly server: FileServer;
  /** The moment at which it ended: nothing it was asked for has an effect after it. */
  ended: number;
}

/** What a life stands on. */
export interface StoreParts {
  readonly process: SimProcess;
  readonly files: SimFiles;
  readonly store: FileStore;
}

/** The server and its machine. */
export class SimServer {
  readonly #world: World;
  readonly #limits: Limits;
  readonly #plant: Plant;
  readonly #lives: Life[] = [];
  readonly #looks: Promise<void>[] = [];

  constructor(world: World, { limits, plant }: { limits: Limits; plant: Plant }) {
    this.#world = world;
    this.#limits = limits;
    this.#plant = plant;
  }

  /** Tells until when something that was asked for up to now can have an effect. */
  get effectUntil(): () => number {
    const life = this.#lives.at(-1);
    return () => life?.ended ?? Infinity;
  }

  /** Opens the store and serves it; tries again when the disk does not let it. */
  async start(): Promise<void> {
    const { world } = this;
    while (true) {
      try {
        const parts = await this.openStore(this.#newProcess());
        const listener = await world.network.host(parts.process).listen(SERVER_ADDRESS);
        const server = new FileServer({
          listener,
          store: world.owners.serve(parts.store),
          limits: this.#limits,
          clock: parts.process,
          bootId: new Uint8Array(16).fill(this.#lives.length + 1),
          maxConnections: 100,
          graceMs: GRACE_MS,
          facts: { version: "test" },
          onError: (error) => this.#note(error),
        });
        this.#lives.push({ ...parts, server, ended: Infinity });
        world.log("server", "listens");
        return;
      } catch (thrown) {
        const isDisk = thrown instanceof MorselError &&
          (thrown.code === "storage" || thrown.code === "no_space");
        if (!isDisk) throw thrown;
        world.log("server", `cannot start: ${thrown.message}`);
        await world.process.wait(1000);
      }
    }
  }

  /** Begins to open the store, and dies on the way: recovery must bear that too. */
  async dieStarting(how: "kill" | "power", afterMs: number): Promise<void> {
    const process = this.#newProcess();
    this.openStore(process).catch(() => {}); // whether it comes about in time is no matter
    await this.world.process.wait(afterMs);
    process.kill();
    if (how === "power") await this.#losePower();
  }

  /** A store on the disk as it is. */
  async openStore(process = this.#newProcess()): Promise<StoreParts> {
    const { world } = this;
    const files = new SimFiles(world.disk, process);
    const planted = this.#plant.files?.(files) ?? files;
    const rows = world.owners.guard(await world.catalog.open(process), world);
    const { store, recovered } = await FileStore.open({
      catalog: this.#plant.catalog?.(rows, world) ?? rows,
      blobs: await FolderBlobs.open(DATA_FOLDER, planted),
      clock: process,
      newId: () => world.random.id(),
    });
    world.log("store", `open: ${JSON.stringify(recovered)}`);
    return { process, files, store };
  }

  /** Ends the process at once; with `power` the whole machine, and what its disk had not written. */
  async die(how: "kill" | "power"): Promise<void> {
    const { world } = this;
    const life = this.#lives.at(-1)!;
    life.process.kill();
    life.ended = world.history.tick();
    world.network.abandon(life.process, how === "kill" ? "reset" : "silence");
    if (how === "power") await this.#losePower();
  }

  /** Stops it cleanly. What it left behind is looked for later, as the next one does not wait for that. */
  async stop(): Promise<void> {
    const { world } = this;
    const life = this.#lives.at(-1)!;
    const { store, server } = life;
    const sinceMs = world.clock.nowMs;
    await server.close();
    await store[Symbol.asyncDispose]();
    life.ended = world.history.tick();
    const tookMs = world.clock.nowMs - sinceMs;
    if (tookMs > STOP_LIMIT_MS) world.report(`The server took ${tookMs} ms to stop`);
    this.#looks.push(this.#lookBehind(life));
  }

  /** Settles when all has been looked for that servers left behind. */
  async looked(): Promise<void> {
    await Promise.all(this.#looks);
  }

  async #lookBehind({ process, files }: Life): Promise<void> {
    const { world } = this;
    await world.process.wait(LAST_LOOK_MS);
    if (process.timers > 0) world.report(`The server left ${process.timers} timers`);
    if (files.openFiles > 0) world.report(`The server left ${files.openFiles} open files`);
    const links = world.network.links.filter((link) => link.isOpenAt(process));
    if (links.length > 0) world.report(`The server left ${links.length} connections`);
    // What is left would run on: a process that has stopped does not.
    process.kill();
  }

  /** The store of this life. */
  get store(): FileStore {
    return this.#lives.at(-1)!.store;
  }

  get world(): World {
    return this.#world;
  }

  #newProcess(): SimProcess {
    return new SimProcess(`server${this.#lives.length + 1}`, this.#world.clock);
  }

  async #losePower(): Promise<void> {
    this.#world.disk.losePower();
    await this.#world.catalog.losePower();
  }

  /** What the server calls its own fault is one, unless its disk is to blame. */
  #note(error: unknown): void {
    const code = error instanceof MorselError ? error.code : "internal";
    if (code === "internal") this.#world.report(`The server met a fault of its own: ${error}`);
    if (code === "storage" && !this.#world.had("sick disk")) {
      this.#world.report(`The storage failed without a reason: ${error}`);
    }
  }
}
