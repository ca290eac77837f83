// `--workers N`: what the option may be, and the word that a server starts its workers with.

import { LEAST_RATE_LIMIT } from "../base/rate_limit.ts";
import type { HostProcess } from "../runtime/process.ts";
import type { ParsedOptions } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import { wholeNumber } from "./option_values.ts";

/** The only word on the command line of a worker; the rest it is told on its standard input. */
export const WORKER_WORD = "worker-of-a-server";

/** What the program of a worker works with. */
export interface WorkProgramOptions {
  /** Called with one line for each frame that is sent or received. */
  trace: (line: string) => void;
  /** Told of what went wrong with no caller to tell. */
  onError: (error: unknown) => void;
}

/** More processes than these share no machine. */
const MOST_WORKERS = 64;

/** How many processes are to serve; undefined where that was not said. Throws a UsageError. */
export function workersOption(
  given: ParsedOptions,
  { host, limitBytesPerSecond }: {
    readonly host: Pick<HostProcess, "sharesPorts">;
    readonly limitBytesPerSecond: number | undefined;
  },
): number | undefined {
  const workers = wholeNumber(given, "workers", { least: 1, most: MOST_WORKERS });
  if (workers === undefined || workers === 1) return workers;
  if (!host.sharesPorts) {
    throw new UsageError(
      "Several processes cannot share a port on this system; start the server without --workers",
    );
  }
  if (limitBytesPerSecond !== undefined && limitBytesPerSecond / workers < LEAST_RATE_LIMIT) {
    throw new UsageError(
      `${workers} workers share --limit-rate, and each needs ${LEAST_RATE_LIMIT} bytes a second; ` +
        "raise it, or start fewer",
    );
  }
  return workers;
}
