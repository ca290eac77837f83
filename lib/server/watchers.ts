// Who is told of what happens in a server: its numbers, its log, and whoever wants to know of faults.

import type { Clock } from "../base/clock.ts";
import type { Notice } from "./server_event.ts";
import { type LogRecord, serverLog } from "./server_log.ts";
import { ServerMetrics } from "./server_metrics.ts";

/** Who wants to know. */
export interface WatchersOptions {
  readonly clock: Clock;
  /** Called with what is worth a line; it may throw, of which `onError` is told. */
  readonly log?: ((record: LogRecord) => void) | undefined;
  /** Told of the server's own faults. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How they are told. None of it throws, but for what `onError` throws. */
export interface Watchers {
  readonly metrics: ServerMetrics;
  /** Counts an event, and puts it into the log. */
  readonly notice: Notice;
  /** Puts a record into the log that has been made elsewhere; undefined without a log. */
  readonly log: ((record: LogRecord) => void) | undefined;
  /** Tells of a fault, the log too. */
  readonly onError: (error: unknown) => void;
}

/** Brings them together. */
export function watchers({ clock, log, onError }: WatchersOptions): Watchers {
  const metrics = new ServerMetrics();
  const keep = log && ((record: LogRecord) => {
    try {
      log(record);
    } catch (error) {
      onError?.(error); // it is not to end the session that it was told of
    }
  });
  const record = keep && serverLog(keep, clock);
  const notice: Notice = (event) => {
    metrics.notice(event);
    record?.(event);
  };
  return {
    metrics,
    notice,
    log: keep,
    onError: (error) => {
      notice({ type: "fault", error });
      onError?.(error);
    },
  };
}
