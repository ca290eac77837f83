// What a simulated world consists of, and the log of what happens in it.

import { Contents } from "./contents.ts";
import { History } from "./history.ts";
import { SimRandom } from "./random.ts";
import { CatalogDisk } from "./sim_catalog.ts";
import { SimClock, SimProcess } from "./sim_clock.ts";
import { type DiskWeather, SimDisk } from "./sim_files.ts";
import { SimNetwork } from "./sim_network.ts";
import { SimOwners } from "./sim_owners.ts";
import type { NetworkWeather } from "./sim_pipe.ts";

/**
 * How long the last timer of a connection may outlive it, in milliseconds: deadlines are looked at every
 * quarter of them, and a look that finds nothing to wait for is the last.
 */
export const LAST_LOOK_MS = 76_000;

/** Two of them are one file in two spellings. */
const NAMES = ["a", "b/c", "caf\u00e9", "cafe\u0301", "b/d"];

const NETWORKS: Readonly<Record<"loopback" | "near" | "far" | "bad", NetworkWeather>> = {
  loopback: { latencyMs: [0, 0.1], bytesPerMs: 1e6, segment: 65536, piece: 1e6, buffer: 262144 },
  near: { latencyMs: [0.1, 2], bytesPerMs: 20_000, segment: 65536, piece: 65536, buffer: 262144 },
  far: { latencyMs: [20, 60], bytesPerMs: 1_000, segment: 32768, piece: 65536, buffer: 262144 },
  bad: { latencyMs: [50, 400], bytesPerMs: 100, segment: 16384, piece: 5000, buffer: 65536 },
};

const DISKS: Readonly<Record<"fast" | "usual" | "slow", DiskWeather>> = {
  fast: { callMs: [0, 0.05], syncMs: [0.01, 0.5] },
  usual: { callMs: [0.01, 1], syncMs: [0.5, 10] },
  slow: { callMs: [1, 20], syncMs: [10, 200] },
};

/** A world, and everything that a part of it may need of the others. */
export class World {
  readonly seed: number;
  readonly clock = new SimClock();
  /** A process that nobody kills: the hand that brings the faults about. */
  readonly process: SimProcess = new SimProcess("world", this.clock);
  readonly history: History = new History();
  readonly random: SimRandom;
  /** What the clients do most: of everything something, or large uploads to the same names. */
  readonly focus: "everything" | "uploads";
  /** The names clients use: few, so that they meet. */
  readonly names: readonly string[];
  readonly contents: Contents;
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly catalog: CatalogDisk;
  readonly owners: SimOwners;
  /** What must not be, a sentence each. */
  readonly problems: string[] = [];
  /** What happened, a line each. */
  readonly lines: string[] = [];
  /** Called when a client is about to put something. */
  onPut: () => void = () => {};
  /** Faults by kind. */
  readonly faults = new Map<string, number>();

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SimRandom(seed);
    const { clock, random } = this;
    const network = random.weighed({ loopback: 3, near: 4, far: 2, bad: 1 });
    const disk = random.weighed({ fast: 3, usual: 3, slow: 1 });
    this.focus = random.weighed({ everything: 3, uploads: 1 });
    this.names = NAMES.slice(0, this.focus === "uploads" ? 2 : random.whole(2, NAMES.length + 1));
    this.contents = new Contents(random.fork(), this.focus);
    this.log("world", `seed ${seed}: ${this.focus}, network ${network}, disk ${disk}`);
    this.network = new SimNetwork({ clock, random: random.fork(), weather: NETWORKS[network] });
    this.disk = new SimDisk({ clock, random: random.fork(), weather: DISKS[disk] });
    this.catalog = new CatalogDisk({ clock, random: random.fork(), disk: this.disk });
    // With numbers of its own, so that worlds without quotas stay as they were.
    this.owners = new SimOwners(new SimRandom(seed + 0x5eed));
  }

  /** Notes what happens. */
  log(who: string, what: string): void {
    const seconds = (this.clock.nowMs / 1000).toFixed(4).padStart(11);
    this.lines.push(`${seconds} ${who.padEnd(8)} ${what}`);
  }

  /** Notes what must not be. */
  report(problem: string): void {
    this.problems.push(problem);
    this.log("PROBLEM", problem);
  }

  /** Notes a fault. */
  fault(kind: string, what: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    this.log("fault", `${kind}: ${what}`);
  }

  /** Whether there was a fault of this kind. */
  had(kind: string): boolean {
    return this.faults.has(kind);
  }
}
