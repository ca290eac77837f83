// Many cases from one seed: most against decoder and FrameReader, some against whole sessions and links. What one
// case shows for the first time makes its input the parent of others.

import { toHex } from "../../lib/base/hex.ts";
import { SimRandom } from "../simulation/random.ts";
import { Arena, type Plant } from "./arena.ts";
import { type CaseResult, Corpus } from "./corpus.ts";
import { FRAME_PARTS, type FrameParts, fuzzFrames } from "./frames.ts";
import { LIMITED_NAMES } from "./limited.ts";
import { minimise } from "./minimise.ts";
import { conversationSeeds, frameSeeds, type Input } from "./seeds.ts";
import { fuzzLink, fuzzSession } from "./sessions.ts";

/** So many cases against frames come for each one against a server. */
const FRAMES_PER_SESSION = 49;
/** So many cases a server is used for, before its files are looked at and another takes its place. */
const CASES_PER_ARENA = 200;
/** An honest client comes after each of so many cases. */
const HONEST_EVERY = 50;

/** What to do. */
export interface FuzzOptions {
  readonly seed: number;
  /** How many cases; fewer when `endMs` comes first. */
  readonly cases: number;
  /** When to stop, by `performance.now()`. */
  readonly endMs?: number;
  /** What a test breaks on purpose. */
  readonly parts?: FrameParts;
  readonly plant?: Plant;
  /** Without it one case in fifty is against a server. */
  readonly only?: "frames" | "sessions";
  /** Called after each thousand cases. */
  readonly onProgress?: (done: FuzzOutcome) => void;
}

/** What came of it. */
export interface FuzzOutcome {
  readonly cases: number;
  /** Against a session or a link. */
  readonly sessions: number;
  /** Different things that were seen. */
  readonly signatures: number;
  readonly inputs: number;
  /** The first thing that must not be, with what makes it again. */
  readonly problem?: string;
}

/** Runs cases until one fails or all are done. */
export async function fuzz(options: FuzzOptions): Promise<FuzzOutcome> {
  await using run = await Run.start(options);
  return await run.all();
}

class Run implements AsyncDisposable {
  readonly #options: FuzzOptions;
  readonly #random: SimRandom;
  readonly #frames: Corpus;
  readonly #conversations: Corpus;
  readonly #rejections: unknown[] = [];
  #arena: Arena | undefined;
  #cases = 0;
  #sessions = 0;

  private constructor(options: FuzzOptions, seeds: readonly [Input[], Input[]]) {
    this.#options = options;
    this.#random = new SimRandom(options.seed);
    this.#frames = new Corpus(seeds.flat());
    this.#conversations = new Corpus(seeds[1]);
    globalThis.addEventListener("unhandledrejection", this.#onRejection);
  }

  static async start(options: FuzzOptions): Promise<Run> {
    return new Run(options, [await frameSeeds(), await conversationSeeds()]);
  }

  async all(): Promise<FuzzOutcome> {
    const { cases, endMs = Infinity, onProgress, only } = this.#options;
    const least = only === "sessions" ? 1 : 256;
    while (this.#cases < cases && (this.#cases % least !== 0 || performance.now() < endMs)) {
      const toServer = only === "sessions" ||
        (only === undefined && this.#random.chance(1 / (FRAMES_PER_SESSION + 1)));
      const problem = toServer ? await this.#toServer() : await this.#toReader();
      this.#cases++;
      if (problem !== undefined) return this.#outcome(problem);
      if (this.#cases % 1000 === 0) onProgress?.(this.#outcome());
    }
    return this.#outcome(await this.#leaveArena());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    globalThis.removeEventListener("unhandledrejection", this.#onRejection);
    // After a problem it may not end any more.
    await this.#arena?.[Symbol.asyncDispose]().catch(() => {});
  }

  readonly #onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    this.#rejections.push(event.reason);
  };

  async #toReader(): Promise<string | undefined> {
    const { parts = FRAME_PARTS } = this.#options;
    const input = this.#frames.next(this.#random);
    const result = await fuzzFrames(input, this.#random, parts);
    this.#frames.learn(input, result, this.#random);
    if (result.problem === undefined) return undefined;
    const seed = this.#random.whole(0, 2 ** 32);
    // The cuts are dice as well: each try has some.
    const fails = async (smaller: Input) => {
      for (let turn = 0; turn < 10; turn++) {
        const { problem } = await fuzzFrames(smaller, new SimRandom(seed + turn), parts);
        if (problem !== undefined) return true;
      }
      return false;
    };
    return this.#told(result.problem, await minimise(input, fails));
  }

  async #toServer(): Promise<string | undefined> {
    const random = this.#random;
    if (this.#sessions % CASES_PER_ARENA === 0) {
      const problem = await this.#leaveArena();
      if (problem !== undefined) return problem;
      const asks = random.chance(0.5);
      this.#arena = await Arena.open({ asks, plant: this.#options.plant });
    }
    const arena = this.#arena!;
    this.#sessions++;
    const isLink = random.chance(0.3);
    const { asks } = arena;
    // One in five has no token: then it is a stranger.
    const who = asks && random.chance(0.8) ? random.pick(LIMITED_NAMES) : undefined;
    const input = this.#conversations.next(random);
    const seed = random.whole(0, 2 ** 32);
    const run = (on: Arena, what = input) => {
      const as = { random: new SimRandom(seed), who };
      return isLink ? fuzzLink(on, as) : fuzzSession(what, on, as);
    };
    const result = await run(arena);
    if (!isLink) this.#conversations.learn(input, result, random);
    const problem = result.problem ?? await this.#meanwhile(arena);
    if (problem === undefined) return undefined;
    const whose = who ? `as ${who}: ${problem}` : problem;
    if (isLink) return this.#told(`on a link with the dice ${seed}: ${whose}`, []);
    const fails = (smaller: Input) => this.#failsAlone(smaller, run, asks);
    return this.#told(whose, await minimise(input, fails));
  }

  /** What else must hold: no promise is left alone, and honest clients are served. */
  async #meanwhile(arena: Arena): Promise<string | undefined> {
    const [rejection] = this.#rejections;
    if (rejection !== undefined) return `nobody waits for: ${textOf(rejection)}`;
    const { errors } = arena.server;
    if (errors.length > 0) return `the server met a fault of its own: ${textOf(errors[0])}`;
    if (this.#sessions % HONEST_EVERY !== 0) return undefined;
    return await arena.serveHonest().then(() => undefined, textOf);
  }

  async #failsAlone(
    input: Input,
    run: (arena: Arena, input: Input) => Promise<CaseResult>,
    asks: boolean,
  ): Promise<boolean> {
    this.#rejections.length = 0;
    try {
      await using arena = await Arena.open({ asks, plant: this.#options.plant });
      const { problem } = await run(arena, input);
      return (problem ?? await this.#meanwhile(arena)) !== undefined;
    } catch {
      return true;
    }
  }

  /** Looks at the files of a server that has had its cases. */
  async #leaveArena(): Promise<string | undefined> {
    const arena = this.#arena;
    this.#arena = undefined;
    if (!arena) return undefined;
    try {
      await arena.judge();
      await arena[Symbol.asyncDispose]();
      return undefined;
    } catch (error) {
      return this.#told(`within the last ${CASES_PER_ARENA} sessions: ${textOf(error)}`, []);
    }
  }

  #outcome(problem?: string): FuzzOutcome {
    return {
      cases: this.#cases,
      sessions: this.#sessions,
      signatures: this.#frames.signatures + this.#conversations.signatures,
      inputs: this.#frames.size + this.#conversations.size,
      ...(problem !== undefined && { problem }),
    };
  }

  #told(problem: string, input: Input): string {
    const { seed } = this.#options;
    const frames = input.map((frame) => `  ${toHex(frame)}`);
    return [`case ${this.#cases} of seed ${seed}: ${problem}`, ...frames].join("\n");
  }
}

function textOf(error: unknown): string {
  return String(error instanceof Error ? error.stack : error);
}
