// One run: a real server on a data folder, users at work, kill -9 at a random moment, a new start, and all that
// must be there compared; again and again. The seed fixes what is done, not how the machine times it.

import { connect, type FileClient } from "../../mod.ts";
import { randomNumbers } from "../support/content.ts";
import { freePort, ServerProcess } from "../support/server_process.ts";
import { ClientProgram } from "./client_program.ts";
import { Contents } from "./contents.ts";
import { checkQuota, type CrashTokens, makeTokens } from "./quota_check.ts";
import { verify } from "./verify.ts";
import { Worker } from "./worker.ts";

/** Connections, and workers on each: requests of several users meet on one connection and on several. */
const CLIENTS = 3;
const WORKERS_EACH = 3;
/** How long the users work before a kill that is not tied to anything they do, in milliseconds. */
const WORK_MS = 300;
/** How long a start takes, about: a kill during the start comes within this, in milliseconds. */
const START_MS = 120;
/** Longer than any operation may take, in milliseconds, restarts of the server included. */
const SETTLE_MS = 30_000;

/** What a run is to do. */
export interface CrashRunOptions {
  /** How often the server is killed. */
  readonly kills: number;
  readonly seed: number;
  /** Called after each kill that was survived. */
  readonly onSurvived?: (figures: Figures) => void;
  /** How many processes the server has; one by default. */
  readonly workers?: number;
}

/** What a run did. */
export interface Figures {
  /** How often the server was killed; the next three are parts of it. */
  kills: number;
  whileWorking: number;
  atCommit: number;
  whileStarting: number;
  /** Programs of the command line client that were killed. */
  clientKills: number;
  /** Operations that were answered, and must have happened. */
  operations: number;
  /** Files compared after restarts, in all. */
  filesChecked: number;
  /** The longest time from a start to `listening`, in milliseconds. */
  slowestStartMs: number;
}

/** Runs it. Throws what was wrong, with the seed. */
export async function crashRun(options: CrashRunOptions): Promise<Figures> {
  const folder = await Deno.makeTempDir({ prefix: "morsel-crash-" });
  const run = new CrashRun(folder, options);
  try {
    return await run.run();
  } catch (cause) {
    throw new Error(`seed ${options.seed}, after ${run.figures.kills} kills`, { cause });
  } finally {
    await run.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

class CrashRun {
  readonly figures: Figures = {
    kills: 0,
    whileWorking: 0,
    atCommit: 0,
    whileStarting: 0,
    clientKills: 0,
    operations: 0,
    filesChecked: 0,
    slowestStartMs: 0,
  };
  readonly #options: CrashRunOptions;
  readonly #folder: string;
  readonly #random: () => number;
  readonly #contents: Contents;
  readonly #workers: Worker[] = [];
  readonly #program: ClientProgram;
  readonly #port: number;
  #server: ServerProcess | undefined;
  #tokens: CrashTokens | undefined;

  constructor(folder: string, options: CrashRunOptions) {
    const { seed } = options;
    this.#options = options;
    this.#folder = folder;
    this.#random = randomNumbers(seed);
    this.#port = freePort(Math.random);
    const contents = this.#contents = new Contents(seed);
    // To each its own numbers: how fast the others are must not change what one does.
    const randomOf = (index: number) => randomNumbers(seed * 1000 + index);
    for (let index = 0; index < CLIENTS * WORKERS_EACH; index++) {
      const prefix = `worker-${index}/`;
      this.#workers.push(
        new Worker({ prefix, contents, random: randomOf(index), hasQuota: index % CLIENTS === 0 }),
      );
    }
    const local = `${folder}/local`;
    Deno.mkdirSync(local);
    const token = () => this.#tokens!.unlimited;
    this.#program = new ClientProgram({ folder: local, contents, random: randomOf(999), token });
  }

  async run(): Promise<Figures> {
    const { kills, onSurvived } = this.#options;
    this.#tokens = await makeTokens(this.#dataFolder);
    await this.#start();
    while (this.figures.kills < kills) {
      await this.#round();
      await this.#check();
      onSurvived?.(this.figures);
    }
    return this.figures;
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  get #dataFolder(): string {
    return `${this.#folder}/data`;
  }

  get #address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Work, a kill, a new start; then everything that was under way has come to an end. */
  async #round(): Promise<void> {
    const { figures } = this;
    let isOver = false;
    const over = () => isOver;
    const atCommit = this.#random() < 0.4;
    const committing = Promise.withResolvers<void>();
    const onCommit = () => committing.resolve();
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, (_, index) =>
        connect(this.#address, {
          token: index === 0 ? this.#tokens!.limited : this.#tokens!.unlimited,
          ...(atCommit && index === 0 && { trace: commitWatch(onCommit) }),
        })),
    );
    const work = this.#workers.map((worker, index) => worker.work(clients[index % CLIENTS]!, over));
    const withProgram = !atCommit && this.#random() < 0.6;
    const program = withProgram && this.#program.run(this.#address, over);
    const all = Promise.all([...work, program]);
    all.catch(() => committing.resolve()); // told below
    if (atCommit) {
      await this.#inTime(committing.promise);
      await pause(this.#random() * 10);
    } else {
      // The program ends first: a request of its that comes late must not pass the comparison.
      await Promise.race([Promise.all([pause(this.#random() * WORK_MS), program]), all]);
    }
    isOver = true;
    await this.#kill();
    if (atCommit) figures.atCommit++;
    else figures.whileWorking++;
    await this.#killStarts();
    await this.#start();
    await this.#inTime(all);
    await Promise.all(clients.map((client: FileClient) => client.close()));
  }

  /** Fails when this takes longer than anything may, and says who waits for what. */
  async #inTime(work: Promise<unknown>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const waiting = this.#workers.map(({ waitsFor }) => waitsFor).filter((what) => what);
        reject(
          new Error(`Neither done nor failed after ${SETTLE_MS / 1000} s: ${waiting.join("; ")}`),
        );
      }, SETTLE_MS);
    });
    try {
      await Promise.race([work, limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Now and then some starts that are killed before or soon after they listen. */
  async #killStarts(): Promise<void> {
    while (this.figures.kills < this.#options.kills && this.#random() < 0.25) {
      this.#server = this.#spawn();
      await pause(this.#random() * START_MS);
      await this.#kill();
      this.figures.whileStarting++;
    }
  }

  async #start(): Promise<void> {
    const startedMs = performance.now();
    this.#server = this.#spawn();
    if (await this.#server.listening === undefined) {
      throw new Error(`The server did not start again: ${(await this.#server.ended).err}`);
    }
    const tookMs = Math.round(performance.now() - startedMs);
    this.figures.slowestStartMs = Math.max(this.figures.slowestStartMs, tookMs);
  }

  #spawn(): ServerProcess {
    const { workers = 1 } = this.#options;
    const args = workers === 1 ? [] : ["--workers", `${workers}`];
    return new ServerProcess({ dataFolder: this.#dataFolder, port: this.#port, args });
  }

  async #kill(): Promise<void> {
    this.#server!.kill("SIGKILL");
    const { signal, code, err } = await this.#server!.ended;
    if (signal !== "SIGKILL") throw new Error(`The server ended by itself with ${code}: ${err}`);
    this.figures.kills++;
  }

  async #check(): Promise<void> {
    const shares = [...this.#workers, this.#program];
    this.figures.filesChecked += await verify(this.#address, {
      shares,
      contents: this.#contents,
      token: this.#tokens!.unlimited,
    });
    await checkQuota(this.#address, {
      dataFolder: this.#dataFolder,
      tokens: this.#tokens!,
      contents: this.#contents,
    });
    this.figures.operations = this.#workers.reduce((sum, { answered }) => sum + answered, 0);
    this.figures.clientKills = this.#program.kills;
  }
}

/** Calls `onCommit` each time a commit goes out. */
function commitWatch(onCommit: () => void): (line: string) => void {
  return (line) => {
    if (line.startsWith("C: Commit")) onCommit();
  };
}

/** Not to wait for something, but to hit a random moment. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
