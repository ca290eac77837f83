// What a session is given: the server's parts, the same for all of its sessions. Types only.

import type { Clock } from "../base/clock.ts";
import type { Principal } from "../base/principal.ts";
import type { RateLimit } from "../base/rate_limit.ts";
import type { Figures } from "../protocol/figures.ts";
import type { FrameConnection } from "../protocol/frame_connection.ts";
import type { Greeted, GreetingContext } from "./greeting.ts";
import type { ServedFiles } from "./guarded_files.ts";
import type { TokenRates } from "./token_rates.ts";

/** What a session needs beside its connection. */
export interface SessionContext extends GreetingContext {
  readonly store: ServedFiles;
  readonly clock: Clock;
  /** How sessions begin where that is not with a client; `greet` by default. */
  readonly greet?: ((frames: FrameConnection) => Promise<Greeted | undefined>) | undefined;
  /** What may be told of the server to a principal. */
  readonly figures: (principal: Principal) => Promise<Figures>;
  /** Aborted when the server is about to stop: no new requests, running ones go on to their end. */
  readonly drain?: AbortSignal;
  /** How long running requests have from then on, in milliseconds. */
  readonly graceMs?: number;
  /** What all sessions together keep to. */
  readonly limit?: RateLimit | undefined;
  /** What those of each token keep to. */
  readonly rates?: TokenRates | undefined;
  /** Aborted when the server has closed all connections. */
  readonly closed?: AbortSignal | undefined;
  /** Called with each message in notation, marked with who sent it. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Told of what is the server's own fault. */
  readonly onError?: ((error: unknown) => void) | undefined;
}
