// Accepts connections and serves each; stops cleanly.

import type { Clock } from "../base/clock.ts";
import { asMorselError, MorselError } from "../base/errors.ts";
import { EVERYBODY, type Principal } from "../base/principal.ts";
import type { RateLimit } from "../base/rate_limit.ts";
import type { Figures } from "../protocol/figures.ts";
import { FrameWriter } from "../protocol/frame_writer.ts";
import { FrameReader } from "../protocol/frame_reader.ts";
import { GREETING_FRAME, type Limits } from "../protocol/limits.ts";
import type { Address, Connection, Listener } from "../runtime/connection.ts";
import type { FileStore } from "../store/file_store.ts";
import type { TokenStore } from "../store/token_store.ts";
import { Admission } from "./admission.ts";
import { errorMessage } from "./error_message.ts";
import { figuresFor, type ServerFacts } from "./figures.ts";
import type { ServedFiles } from "./guarded_files.ts";
import type { Place } from "./place.ts";
import type { Notice } from "./server_event.ts";
import type { ServerMetrics } from "./server_metrics.ts";
import { serveSession } from "./session.ts";
import type { SessionContext } from "./session_context.ts";
import { TokenRates } from "./token_rates.ts";
import { TokenWatch } from "./token_watch.ts";
import { startUpkeep } from "./upkeep.ts";

/** What a {@linkcode FileServer} needs. */
export type FileServerOptions = ServingOptions & (OwnStore | StoreOfAnother);

/** A store of this process. */
export interface OwnStore {
  /** What is served and looked after; the caller closes it after the server. */
  readonly store: FileStore;
  /** What it tells of itself. */
  readonly facts: ServerFacts;
  /** What has been counted, for its figures. */
  readonly metrics?: Pick<ServerMetrics, "figures"> | undefined;
}

/** The store of another process, which looks after it. */
export interface StoreOfAnother {
  readonly store: ServedFiles;
  /** Asks that one what may be told to a principal. */
  readonly figures: (principal: Principal) => Promise<Figures>;
}

/** What serving needs, whatever the store. */
export interface ServingOptions {
  /** Where connections come from; closed with the server. */
  readonly listener: Listener;
  readonly limits: Limits;
  readonly clock: Clock;
  /** 16 random bytes, new with every start. */
  readonly bootId: Uint8Array;
  /** Connections served at a time; one more is told `busy`. */
  readonly maxConnections: number;
  /** How long running requests have when the server stops, in milliseconds. */
  readonly graceMs: number;
  /** Who is let in; without it, everybody. The caller closes it after the server. */
  readonly tokens?: TokenStore | undefined;
  /** What all sessions together keep to. */
  readonly limit?: RateLimit | undefined;
  /** How many servers serve the same clients and share the rates of their tokens; 1 by default. */
  readonly sharedBy?: number | undefined;
  /** Called with each message in notation. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Told of what happens, by which it is counted and recorded. */
  readonly notice?: Notice | undefined;
  /** Told of the server's own faults. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A server at work, from its making until `close`. */
export class FileServer implements AsyncDisposable {
  readonly #options: FileServerOptions;
  readonly #drain = new AbortController();
  readonly #closed = new AbortController();
  readonly #connections = new Map<Connection, Promise<void>>();
  readonly #admission: Admission;
  #turnedAway = 0;
  readonly #stopUpkeep: () => Promise<void>;
  readonly #figures: (principal: Principal) => Promise<Figures>;
  readonly #tokens: TokenWatch | undefined;
  /** Of every session, but for its visitor. */
  readonly #context: SessionContext;
  readonly #accepting: Promise<void>;

  constructor(options: FileServerOptions) {
    const { maxConnections, limits } = options;
    this.#options = options;
    this.#admission = new Admission({ maxConnections, maxSessions: limits.maxSessions }, options);
    const { store, clock, onError } = options;
    const isOwn = "facts" in options;
    this.#figures = isOwn ? this.#figuresOf(options) : options.figures;
    this.#stopUpkeep = isOwn
      ? startUpkeep({ store: options.store, clock, expiryMs: limits.expiryMs, onError })
      : () => Promise.resolve();
    this.#tokens = options.tokens && new TokenWatch(options.tokens, { clock, onError });
    const { bootId, graceMs, trace, listener, notice, limit } = options;
    const [tokens, drain, closed] = [this.#tokens, this.#drain.signal, this.#closed.signal];
    const rates = new TokenRates(clock, options.sharedBy);
    const own = { graceMs, trace, onError, limit, rates, closed };
    const figures = this.#figures;
    this.#context = { store, limits, clock, bootId, tokens, drain, figures, ...own };
    notice?.({ type: "listening", address: listener.address });
    this.#accepting = this.#accept();
  }

  /** Where it listens. */
  get address(): Address {
    return this.#options.listener.address;
  }

  /** What it tells a principal; by default one that may know all. */
  figures(principal: Principal = EVERYBODY): Promise<Figures> {
    return this.#figures(principal);
  }

  /** Whether it is about to stop. */
  get isDraining(): boolean {
    return this.#drain.signal.aborted;
  }

  /** Takes no new work, gives running requests the grace, then closes every connection. */
  async close(): Promise<void> {
    const { listener, clock, graceMs, notice } = this.#options;
    if (!this.isDraining) notice?.({ type: "stopping" });
    listener.close();
    this.#drain.abort();
    const stopTimer = clock.timer(graceMs, () => {
      this.#closed.abort(new MorselError("connection", "The server has stopped"));
      for (const connection of this.#connections.keys()) connection.close();
    });
    await this.#accepting;
    await Promise.all(this.#connections.values());
    stopTimer();
    this.#tokens?.stop();
    await this.#stopUpkeep();
    notice?.({ type: "stopped" });
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #figuresOf(options: ServingOptions & OwnStore): (principal: Principal) => Promise<Figures> {
    const begunMs = options.clock.monotonicMs();
    const admission = () => ({
      sessions: this.#admission.served.total,
      penalised: this.#admission.penalties.size,
    });
    const sources = { ...options, begunMs, admission };
    return (principal) => figuresFor(principal, sources);
  }

  async #accept(): Promise<void> {
    const { listener, clock, onError } = this.#options;
    while (true) {
      try {
        const connection = await listener.accept();
        if (!connection) return;
        this.#admit(connection);
      } catch (error) {
        // Such as no free file handle: the connections there are go on, and some will end.
        onError?.(error);
        await new Promise<void>((resolve) => clock.timer(ACCEPT_PAUSE_MS, resolve));
      }
    }
  }

  #admit(connection: Connection): void {
    const ended = this.#serve(connection);
    this.#connections.set(connection, ended);
    ended.finally(() => this.#connections.delete(connection));
  }

  async #serve(connection: Connection): Promise<void> {
    let place: Place;
    try {
      place = this.#admission.enter(connection.remote, this.#asksForTokens);
    } catch (thrown) {
      const why = asMorselError(thrown, "busy");
      this.#options.notice?.({ type: "turnedAway", remote: connection.remote, why });
      return await this.#turnAway(connection, why);
    }
    try {
      await serveSession(connection, { ...this.#context, visitor: place });
    } finally {
      place.leave(this.isDraining);
    }
  }

  get #asksForTokens(): boolean {
    return this.#tokens !== undefined && !this.#tokens.tokens.isEmpty;
  }

  /** Says why and closes, after a moment in which the peer can read it. */
  async #turnAway(connection: Connection, reason: MorselError): Promise<void> {
    if (this.#turnedAway >= MAX_TURNED_AWAY) return connection.close();
    this.#turnedAway++;
    const { clock } = this.#options;
    const stopTimer = clock.timer(TURN_AWAY_MS, () => connection.close());
    const writer = new FrameWriter(connection.writable, { soon: (task) => clock.soon(task) });
    await writer.send(errorMessage(0, reason)).catch(() => {});
    await writer.close();
    await new FrameReader(connection.readable, { maxFrame: GREETING_FRAME }).discard();
    stopTimer();
    connection.close();
    this.#turnedAway--;
  }
}

/** A wait before accepting again when the machine has no handle left, in milliseconds. */
const ACCEPT_PAUSE_MS = 100;
/** How long a connection that is turned away may take to read why, in milliseconds. */
const TURN_AWAY_MS = 1000;
/** Connections that are told so at a time; those beyond are closed without a word, as they come in floods. */
const MAX_TURNED_AWAY = 256;
