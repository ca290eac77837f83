// Brings the faults of a run about: at random times, and in the thick of what is going on.

import { SimRandom } from "./random.ts";
import type { SimServer } from "./sim_server.ts";
import type { World } from "./world.ts";

/** How often each kind of fault comes, against the others. */
const WEIGHTS = {
  "cut": 5,
  "half-dead link": 5,
  "kill": 2,
  "power cut": 3,
  "clean restart": 1,
  "full disk": 1,
  "slow disk": 1,
  "sick disk": 1,
};

/** How many worlds there are in which stops meet uploads. */
const MEETING_WORLDS = 0.3;
/** How many of the uploads there meet one, and how many events after they were asked for at most. */
const MEETING = { chance: 0.3, steps: 12 };

/** The faults of one run, until `stop`. */
export class FaultDirector {
  readonly #world: World;
  readonly #server: SimServer;
  readonly #random: SimRandom;
  readonly #going = new Set<Promise<void>>();
  #left: number;
  #serverIsBusy = false;
  #stopped = false;
  /** Numbers of its own, so that worlds in which no stop meets an upload stay as they were. */
  readonly #meetings: SimRandom;

  /** `most` faults at most, so that every run comes to an end. */
  constructor(world: World, server: SimServer, most: number) {
    this.#world = world;
    this.#server = server;
    this.#random = world.random.fork();
    this.#left = most;
    this.#meetings = new SimRandom(world.seed + 0x570b);
    if (most > 0 && this.#meetings.chance(MEETING_WORLDS)) world.onPut = () => this.#meet();
  }

  /** Begins. */
  start(): void {
    this.#next();
  }

  /** Brings no more about; settles when all that goes on has healed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#going.size > 0) await Promise.all(this.#going);
  }

  #next(): void {
    if (this.#left-- <= 0) return;
    const strike = () => {
      if (this.#stopped) return;
      this.#follow(this.#strike());
      this.#next();
    };
    // Counted in events, a fault meets the busy times; counted in time, the quiet ones.
    if (this.#random.chance(0.7)) {
      this.#world.clock.afterSteps(this.#random.whole(1, 300), strike);
    } else this.#world.clock.at(this.#random.magnitude(10_000), strike);
  }

  /** A server that is to stop refuses what begins, of which its client may have sent much already. */
  #meet(): void {
    if (!this.#meetings.chance(MEETING.chance)) return;
    const strike = () => void (this.#stopped || this.#follow(this.#restart("clean restart")));
    this.#world.clock.afterSteps(this.#meetings.whole(1, MEETING.steps), strike);
  }

  #follow(strike: Promise<void>): void {
    const going = strike.finally(() => this.#going.delete(going));
    this.#going.add(going);
  }

  async #strike(): Promise<void> {
    const kind = this.#random.weighed(WEIGHTS);
    switch (kind) {
      case "cut":
      case "half-dead link":
        return await this.#breakLink(kind);
      case "kill":
      case "power cut":
      case "clean restart":
        return await this.#restart(kind);
      case "full disk":
      case "slow disk":
      case "sick disk":
        return await this.#troubleDisk(kind);
      default:
        return kind satisfies never;
    }
  }

  async #breakLink(kind: "cut" | "half-dead link"): Promise<void> {
    const random = this.#random;
    const { links } = this.#world.network;
    if (links.length === 0) return;
    const link = random.pick(links);
    const direction = random.whole(0, 2);
    const pipe = link.pipes[direction]!;
    const where = `${link.name} ${direction === 0 ? "to" : "from"} the server`;
    if (kind === "cut") {
      const bytes = random.magnitude(500_000);
      this.#world.fault(kind, `${where}, behind ${bytes} more bytes`);
      return bytes === 0 ? link.cut() : pipe.cutBehind(bytes);
    }
    const ms = random.chance(0.5) ? random.magnitude(30_000) : Infinity;
    this.#world.fault(kind, `${where}, for ${ms} ms`);
    pipe.freeze();
    // Not waited for: links that never heal are a matter of deadlines.
    if (ms < Infinity) this.#world.clock.at(ms, () => pipe.thaw());
  }

  async #restart(kind: "kill" | "power cut" | "clean restart"): Promise<void> {
    if (this.#serverIsBusy) return;
    this.#serverIsBusy = true;
    const downMs = this.#random.magnitude(kind === "power cut" ? 60_000 : 10_000);
    this.#world.fault(kind, `of the server, down for ${downMs} ms`);
    if (kind === "clean restart") await this.#server.stop();
    else await this.#server.die(kind === "kill" ? "kill" : "power");
    await this.#world.process.wait(downMs);
    while (this.#random.chance(0.2)) {
      const how = this.#random.pick(["kill", "power"] as const);
      const afterMs = this.#random.between(0, 30);
      this.#world.fault(`${how} while starting`, `after ${afterMs.toFixed(3)} ms`);
      await this.#server.dieStarting(how, afterMs);
    }
    await this.#server.start();
    this.#serverIsBusy = false;
  }

  async #troubleDisk(kind: "full disk" | "slow disk" | "sick disk"): Promise<void> {
    const { disk, process } = this.#world;
    const random = this.#random;
    const ms = random.magnitude(kind === "sick disk" ? 3000 : 20_000);
    this.#world.fault(kind, `for ${ms} ms`);
    if (kind === "full disk") disk.isFull = true;
    if (kind === "slow disk") disk.slowness = random.pick([10, 100, 1000]);
    if (kind === "sick disk") disk.failing = random.pick([0.05, 0.3, 1]);
    await process.wait(ms);
    if (kind === "full disk") disk.isFull = false;
    if (kind === "slow disk") disk.slowness = 1;
    if (kind === "sick disk") disk.failing = 0;
  }
}
