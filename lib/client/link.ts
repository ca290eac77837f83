// A connection that comes back: when it is lost, work that can be repeated is begun again on a new one, after
// pauses that grow, for a bounded time. What "again" means is the business of the work itself.

import type { Connection } from "../base/connection.ts";
import { type ErrorCode, MorselError } from "../base/errors.ts";
import { unlessAborted, wait } from "../base/wait.ts";
import { Calls, type CallsOptions } from "./calls.ts";

/** Errors after which another connection may do better. */
const LOST: readonly ErrorCode[] = ["connection", "deadline", "busy", "draining"];
/** Of these, the ones that say that the request was not carried out. */
const REFUSED: readonly ErrorCode[] = ["busy", "draining"];

/** The first pause before connecting again, in milliseconds; each is up to twice the one before. */
const FIRST_PAUSE_MS = 100;
/** The longest pause, in milliseconds: a server that has come back is not left waiting. */
const LAST_PAUSE_MS = 5_000;
/** The longest that a server is believed when it says to come back later: no penalty lasts longer (PROTOCOL.md 4.1). */
const LONGEST_ORDER_MS = 600_000;

/** A loss that is being mended. */
export interface Reconnecting {
  /** How many attempts have failed in a row. */
  readonly attempt: number;
  /** How long it is until the next one, in milliseconds. */
  readonly pauseMs: number;
  /** Why the connection was lost, or could not be made. */
  readonly reason: MorselError;
}

/** What a {@linkcode Link} needs. */
export interface LinkOptions extends CallsOptions {
  /** Makes a connection. Throws `connection` or `deadline`. */
  readonly dial: (signal: AbortSignal | undefined) => Promise<Connection>;
  /** How long to go on trying without any progress, in milliseconds; 0 for not at all. */
  readonly retryMs: number;
  /** Called before the pauses, once for each attempt, however much work waits for it. */
  readonly onReconnecting?: ((event: Reconnecting) => void) | undefined;
  /** From 0 to 1: spreads the clients of a server that went down. */
  readonly random: () => number;
}

/** Options of {@linkcode Link.run}. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** False for work that must not be done twice: it is begun again only if it was surely not done. */
  readonly isRepeatable?: boolean;
  /** Whether what it is made of has been used up: then it is not begun again, though it was surely not done. */
  readonly isSpent?: () => boolean;
  /** A count that grows with progress; the time for trying starts anew with it. */
  readonly progress?: () => number;
  /** How long to go on trying without any progress, in milliseconds, if not as long as for other work. */
  readonly retryMs?: number | undefined;
}

/** The connection to one server, whichever it is at the moment. Whoever opened it closes it. */
export class Link {
  readonly #options: LinkOptions;
  #calls: Calls;
  #connecting: Promise<Calls> | undefined;
  /** Aborted when it is closed: nobody waits for another connection then. */
  readonly #closed = new AbortController();
  #wasThere = false;
  /** Whether any work was begun: the first of a connection that nobody waited for tells what became of it. */
  #isUsed = false;
  /** When the server lets this client in again, by its own words, and what it said. */
  #notBeforeMs = -Infinity;
  #refusal: MorselError | undefined;
  /** What was told last: how many attempts have failed since there was a connection, and why. */
  #told: { attempt: number; reason?: MorselError } = { attempt: 0 };

  private constructor(calls: Calls, options: LinkOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  /** Connects, once. */
  static async open(options: LinkOptions): Promise<Link> {
    return new Link(await connect(options, options.signal), options);
  }

  get #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** The calls of the connection that was made last. */
  get calls(): Calls {
    return this.#calls;
  }

  /** Does `work`, again on a new connection each time one is lost. Throws its last failure. */
  async run<T>(work: (calls: Calls) => Promise<T>, options: RunOptions = {}): Promise<T> {
    const { signal, isRepeatable = true, isSpent, progress } = options;
    const { clock, random, onReconnecting } = this.#options;
    const { retryMs = this.#options.retryMs } = options;
    let sinceMs: number | undefined;
    let moved = progress?.();
    for (let attempt = 1;; attempt++) {
      let begun = false;
      try {
        signal?.throwIfAborted();
        const calls = this.#usable() ?? await unlessAborted(this.#connected(), signal);
        begun = true;
        return await work(calls);
      } catch (thrown) {
        signal?.throwIfAborted();
        const reason = this.#lossIn(thrown);
        if (!reason) throw thrown;
        if (begun && !isRepeatable && !REFUSED.includes(reason.code)) throw unknownOutcome(reason);
        if (isSpent?.()) throw reason;
        if (progress?.() !== moved) [moved, attempt, sinceMs] = [progress?.(), 1, undefined];
        const nowMs = clock.monotonicMs();
        sinceMs ??= nowMs;
        if (nowMs - sinceMs >= retryMs) throw retryMs > 0 ? gaveUp(reason, retryMs) : reason;
        const orderedMs = Math.max(0, this.#notBeforeMs - nowMs);
        // Coming earlier would be of no use, and waiting that long is not wanted.
        if (nowMs + orderedMs - sinceMs >= retryMs) throw reason;
        const longest = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
        const pauseMs = Math.ceil(orderedMs + longest * (0.5 + random() / 2));
        if (attempt > this.#told.attempt && reason !== this.#told.reason) {
          this.#told = { attempt, reason };
          onReconnecting?.({ attempt, pauseMs, reason });
        }
        const closed = this.#closed.signal;
        await wait(clock, pauseMs, signal ? AbortSignal.any([signal, closed]) : closed);
      }
    }
  }

  /** Closes the connection; work under way fails. Closing twice is harmless. */
  async close(): Promise<void> {
    this.#closed.abort(new MorselError("connection", "The client was closed"));
    await this.#connecting?.catch(() => {});
    await this.#calls.close();
  }

  /** The calls of a connection that is there, that will not be made again, or of which nobody knows yet that it failed. */
  #usable(): Calls | undefined {
    const isUntold = !this.#isUsed && !this.#calls.hasGreeted;
    this.#isUsed = true;
    return this.#isClosed || isUntold || this.#calls.isUsable ? this.#calls : undefined;
  }

  /** The calls of a new connection; all who wait for it wait for the same. */
  #connected(): Promise<Calls> {
    this.#connecting ??= this.#reconnect().finally(() => this.#connecting = undefined);
    return this.#connecting;
  }

  async #reconnect(): Promise<Calls> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#refusal && nowMs < this.#notBeforeMs) throw this.#refusal;
    const calls = await connect({ ...this.#options, early: false }, this.#closed.signal).catch(
      (thrown) => {
        this.#note(thrown);
        throw thrown;
      },
    );
    if (this.#isClosed) {
      await calls.close();
      return calls;
    }
    this.#told = { ...this.#told, attempt: 0 };
    return this.#calls = calls;
  }

  /** Keeps in mind when a server that has refused this client says that it should come back. */
  #note(thrown: unknown): void {
    if (!(thrown instanceof MorselError) || thrown.code !== "busy") return;
    const afterMs = Number(thrown.detail.afterMs);
    if (!(afterMs > 0)) return;
    this.#refusal = thrown;
    this.#notBeforeMs = this.#options.clock.monotonicMs() + Math.min(afterMs, LONGEST_ORDER_MS);
  }

  #lossIn(thrown: unknown): MorselError | undefined {
    const isLoss = thrown instanceof MorselError && LOST.includes(thrown.code) && !this.#isClosed;
    // A server that was never there is no matter of patience.
    return isLoss && (this.#wasThere ||= this.#calls.hasGreeted) ? thrown : undefined;
  }
}

async function connect(options: LinkOptions, signal: AbortSignal | undefined): Promise<Calls> {
  return await Calls.open(await options.dial(signal), { ...options, signal });
}

function gaveUp(reason: MorselError, retryMs: number): MorselError {
  return new MorselError(
    reason.code,
    `${reason.message}; gave up after ${retryMs / 1000} s without a connection`,
    { cause: reason, detail: reason.detail },
  );
}

function unknownOutcome(reason: MorselError): MorselError {
  return new MorselError(
    reason.code,
    `${reason.message} before the answer came: whether it was done is not known`,
    { cause: reason, detail: { ...reason.detail, outcome: "unknown" } },
  );
}
