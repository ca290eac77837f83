// What a session is given: the server's parts, the same for all of its sessions. Types only.

import type { Clock } from "../base/clock.ts";
import type { Limits } from "../protocol/limits.ts";
import type { ServedFiles } from "./guarded_files.ts";
import type { TokenWatch } from "./token_watch.ts";

/** What a session needs beside its connection. */
export interface SessionContext {
  readonly store: ServedFiles;
  readonly limits: Limits;
  readonly clock: Clock;
  /** 16 bytes, new with every start of the server. */
  readonly bootId: Uint8Array;
  /** Who is let in; without it, everybody. */
  readonly tokens?: TokenWatch | undefined;
  /** The server's part of a proof's nonce, for tests; a random one without it. */
  readonly nonce?: string | undefined;
  /** Aborted when the server is about to stop: no new requests, running ones go on to their end. */
  readonly drain?: AbortSignal;
  /** How long running requests have from then on, in milliseconds. */
  readonly graceMs?: number;
  /** Called with each message in notation, marked with who sent it. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Told of what is the server's own fault. */
  readonly onError?: ((error: unknown) => void) | undefined;
}
