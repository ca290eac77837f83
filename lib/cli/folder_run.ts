// The run of a command for folders: many files at once, what fails told in a line while the rest goes on, and a
// total at the end.

import { eachBounded } from "../base/concurrency.ts";
import { quote } from "../base/names.ts";
import { readAhead } from "../base/read_ahead.ts";
import type { FileInfo } from "../client/types.ts";
import { atOnceOver } from "./batch.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { describeFailure } from "./failure.ts";
import { fileJson } from "./file_report.ts";
import { formatCount, formatDuration, formatSize, printable } from "./format.ts";
import { ProgressDisplay, type Tracker } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";
import type { RemoteFiles } from "./remote_files.ts";

/** A file that a run has to do something with. */
export interface FolderJob {
  /** What an error calls it: the path or name it comes from. */
  readonly title: string;
  /** Its name on the server, which progress goes by. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Whether nothing else may be under way meanwhile. */
  readonly isAlone?: boolean;
}

/** What is done to a file, as it is told. */
export type FolderAction = keyof typeof VERBS;

const VERBS = { stored: "store", fetched: "fetch", removed: "remove" } as const;

/** Options of a {@linkcode FolderRun}. */
export interface FolderRunOptions {
  /** What it is all about. */
  readonly action: FolderAction;
  readonly isDryRun: boolean;
  /** What to tell where nothing was there to be done, and that is no failure. */
  readonly whenEmpty?: string;
}

/** Files that are known of before their turn: the totals of most folders, in a few megabytes. */
const MOST_AHEAD = 10_000;

/** One run. Dispose it to take its progress away. */
export class FolderRun implements AsyncDisposable {
  readonly #context: CommandContext;
  readonly #options: FolderRunOptions;
  readonly #progress: ProgressDisplay;
  readonly #startMs: number;
  readonly #exitCodes = new Set<ExitCode>();
  #files = 0;
  #bytes = 0;
  #removed = 0;
  #equal = 0;
  #leftOut = 0;
  #failed = 0;

  constructor(context: CommandContext, options: FolderRunOptions) {
    this.#context = context;
    this.#options = options;
    this.#startMs = context.clock.monotonicMs();
    this.#progress = new ProgressDisplay({ ...progressOptions(context), files: 0, total: 0 });
  }

  /** Whether something has failed so far. */
  get hasFailed(): boolean {
    return this.#failed > 0;
  }

  /** Whether there was a file to transfer, or one that is there already. */
  get hasFiles(): boolean {
    return this.#files + this.#equal > 0;
  }

  /** Whether nothing was there to be done. */
  get isEmpty(): boolean {
    return this.#files + this.#removed + this.#equal + this.#leftOut + this.#failed === 0;
  }

  /**
   * Does `work` for every job over a client, many at a time; what it throws is told and counted. Throws what all jobs
   * would share, such as a lost connection, and the reason of the signal.
   */
  async each<Job extends FolderJob>(
    jobs: AsyncIterable<Job>,
    client: RemoteFiles,
    work: (job: Job, tracker: Tracker) => Promise<void>,
  ): Promise<void> {
    const { signal, clock } = this.#context;
    const ahead = readAhead(jobs, {
      limit: MOST_AHEAD,
      clock,
      onRead: ({ size }) => this.#progress.expect({ files: 1, bytes: size }),
    });
    const attempt = async (job: Job) => {
      using tracker = this.#progress.track(job.name);
      try {
        await work(job, tracker);
      } catch (error) {
        signal.throwIfAborted();
        await this.failed(error, job.title);
      }
      tracker.done();
    };
    const { limit, weigh: weighFile } = atOnceOver(client, {
      isPut: this.#options.action === "stored",
    });
    const weigh = (job: Job) => job.isAlone ? limit : weighFile(job);
    await eachBounded(ahead, attempt, { limit, weigh, signal });
  }

  /** Counts a file that was dealt with, or with a dry run would be; `path` is the local one, if any. */
  async done(action: FolderAction, file: PlannedFile | FileInfo, path?: string): Promise<void> {
    this.#count(action, file.size);
    const { options, screen } = this.#context;
    const { isDryRun } = this.#options;
    if (options.flag("quiet")) return;
    if (options.flag("json")) {
      const { name, size } = file;
      const facts = "digest" in file ? fileJson(file) : { name, size };
      const dryRun = isDryRun && { dryRun: true };
      await screen.results(JSON.stringify({ event: action, ...facts, path, ...dryRun }));
    } else if (isDryRun) {
      const what = action === "stored" ? file.name : path ?? file.name;
      const size = formatSize(file.size);
      await screen.results(`would ${VERBS[action]} ${printable(what)}  ${size}`);
    }
  }

  /** Counts a file that is the same on both sides. */
  equal(): void {
    this.#equal++;
  }

  /** Counts and tells what is not transferred, for a reason that is no failure. */
  async leftOut(path: string, reason: string): Promise<void> {
    this.#leftOut++;
    const { options, screen } = this.#context;
    if (options.flag("json") && !options.flag("quiet")) {
      await screen.results(JSON.stringify({ event: "skipped", path, reason }));
    } else await screen.message(`Skipped ${quote(path)} as ${reason}`);
  }

  /** Counts and tells a failure; `title` is what failed. Throws it on when all else would fail alike. */
  async failed(error: unknown, title: string): Promise<void> {
    if (describeFailure(error).endsAll) throw error;
    this.#failed++;
    this.#exitCodes.add((await this.#context.screen.failure(error, title)).exitCode);
  }

  /** Does all of `work`, or as much as can be, and tells the total. Throws the reason of the signal only. */
  async conclude(work: () => Promise<void>): Promise<ExitCode> {
    const { screen, signal } = this.#context;
    try {
      await work();
      const { whenEmpty } = this.#options;
      if (whenEmpty !== undefined && this.isEmpty) await screen.message(whenEmpty);
    } catch (error) {
      signal.throwIfAborted();
      const { exitCode, endsAll } = await screen.failure(error);
      if (this.isEmpty) return exitCode;
      this.#failed++;
      this.#exitCodes.add(exitCode);
      if (endsAll) await screen.message("The rest is left out; the same command goes on with it");
    }
    await this.#tellTotal();
    const [first, second] = this.#exitCodes;
    if (first === undefined) return EXIT.done;
    const isAlone = second === undefined && this.#files + this.#removed + this.#equal === 0;
    return isAlone ? first : EXIT.someFailed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#progress[Symbol.asyncDispose]();
  }

  #count(action: FolderAction, size: number): void {
    // Beside what the run is about.
    if (action !== this.#options.action) this.#removed++;
    else {
      this.#files++;
      this.#bytes += size;
    }
  }

  async #tellTotal(): Promise<void> {
    const { options, screen, clock } = this.#context;
    const { action, isDryRun } = this.#options;
    if (options.flag("quiet")) return;
    const ms = Math.round(clock.monotonicMs() - this.#startMs);
    const [files, bytes, removed, failed] = [this.#files, this.#bytes, this.#removed, this.#failed];
    const skipped = this.#equal + this.#leftOut;
    if (options.flag("json")) {
      const dryRun = isDryRun && { dryRun: true };
      const total = { event: "total", files, bytes, skipped, failed, removed, ms, ...dryRun };
      return await screen.results(JSON.stringify(total));
    }
    const parts = [
      `${isDryRun ? `would ${VERBS[action]}` : action} ${formatCount(files)} ${
        files === 1 ? "file" : "files"
      }`,
      formatSize(bytes),
      ...(removed > 0 ? [`${isDryRun ? "remove" : "removed"} ${formatCount(removed)}`] : []),
      `skipped ${formatCount(skipped)}`,
      `failed ${formatCount(failed)}`,
      ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : formatDuration(ms),
    ];
    await screen.results(parts.join(", "));
  }
}

/** A file as far as it is known before it is transferred. */
export interface PlannedFile {
  readonly name: string;
  readonly size: number;
}
