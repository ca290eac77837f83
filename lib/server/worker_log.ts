// The log of a worker on its way to its server, which keeps it with its own. It never holds the worker up: records that
// find no room are left out and counted, and one that follows says so.

import type { Clock } from "../base/clock.ts";
import type { JsonLines } from "../base/json_lines.ts";
import type { LogRecord } from "./server_log.ts";
import type { FromWorker } from "./worker_words.ts";

/** Words that may wait for the server to read them, about 1 MiB of records. */
export const MAX_WAITING = 4000;

/** Sends records among the other words of a worker, as far as there is room. */
export function workerLog(
  words: Pick<JsonLines, "waiting" | "send">,
  clock: Pick<Clock, "now">,
): (record: LogRecord) => void {
  let dropped = 0;
  const send = (record: LogRecord) => words.send({ type: "log", record } satisfies FromWorker);
  return (record) => {
    if (words.waiting >= MAX_WAITING) {
      dropped++;
      return;
    }
    if (dropped > 0) {
      send({ time: new Date(clock.now()).toISOString(), event: "dropped", lines: dropped });
      dropped = 0;
    }
    send(record);
  };
}
