// The server's end of what its workers ask it to change: sessions like any other, on a port of loopback, whose
// greeting proves that a worker is there, and says for whom it asks.

import type { Clock } from "../base/clock.ts";
import type { Connection } from "../base/connection.ts";
import { MorselError } from "../base/errors.ts";
import { fromHex, toHex } from "../base/hex.ts";
import { EVERYBODY, type Principal } from "../base/principal.ts";
import { isSame } from "../base/scram.ts";
import type { Figures } from "../protocol/figures.ts";
import type { FrameConnection } from "../protocol/frame_connection.ts";
import { welcome } from "../protocol/handshake.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Listener } from "../runtime/connection.ts";
import type { TokenStore } from "../store/token_store.ts";
import { type Greeted, next } from "./greeting.ts";
import type { ServedFiles } from "./guarded_files.ts";
import { serveSession } from "./session.ts";
import { PATIENCE, WORKER_MECHANISM, workerProof } from "./worker_words.ts";

/** What an {@linkcode OwnerDoor} needs. */
export interface OwnerDoorOptions {
  /** On loopback; closed with the door. */
  readonly listener: Listener;
  readonly secret: string;
  readonly store: ServedFiles;
  readonly tokens: Pick<TokenStore, "find">;
  readonly limits: Limits;
  readonly bootId: Uint8Array;
  readonly clock: Clock;
  /** What may be told of the server to a principal. */
  readonly figures: (principal: Principal) => Promise<Figures>;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Connections that have yet to prove that they are a worker's, as many as 64 workers make at a time; those beyond
 * are closed without a word.
 */
const MAX_UNPROVEN = 1024;
/** A wait before accepting again when the machine has no handle left, in milliseconds. */
const ACCEPT_PAUSE_MS = 100;

/** Serves workers from its making until `close`. */
export class OwnerDoor {
  readonly #options: OwnerDoorOptions;
  readonly #sessions = new Map<Connection, Promise<void>>();
  readonly #accepting: Promise<void>;
  #unproven = 0;

  constructor(options: OwnerDoorOptions) {
    this.#options = options;
    this.#accepting = this.#accept();
  }

  /** Ends all sessions; the workers are to have ended before. */
  async close(): Promise<void> {
    this.#options.listener.close();
    await this.#accepting;
    for (const connection of this.#sessions.keys()) connection.close();
    await Promise.all(this.#sessions.values());
  }

  async #accept(): Promise<void> {
    const { listener, clock, onError } = this.#options;
    while (true) {
      try {
        const connection = await listener.accept();
        if (!connection) return;
        if (this.#unproven >= MAX_UNPROVEN) connection.close();
        else this.#admit(connection);
      } catch (error) {
        onError?.(error);
        await new Promise<void>((resolve) => clock.timer(ACCEPT_PAUSE_MS, resolve));
      }
    }
  }

  #admit(connection: Connection): void {
    const { store, limits, clock, bootId, figures, onError } = this.#options;
    this.#unproven++;
    const session = serveSession(connection, {
      store,
      limits: { ...limits, ...PATIENCE },
      clock,
      bootId,
      figures,
      onError,
      greet: (frames) => this.#greet(frames).finally(() => this.#unproven--),
    });
    this.#sessions.set(connection, session);
    session.finally(() => this.#sessions.delete(connection));
  }

  async #greet(frames: FrameConnection): Promise<Greeted | undefined> {
    const { secret, limits, bootId } = this.#options;
    const hello = await frames.waitFor("greeting", next(frames));
    if (!hello) return undefined;
    const theirs = hello.type === "Hello" ? hello.features.nonce : undefined;
    if (hello.type !== "Hello" || theirs === undefined) throw stranger();
    const nonce = toHex(crypto.getRandomValues(new Uint8Array(32)));
    const proof = toHex(workerProof(secret, "owner", { nonce: theirs, by: "" }));
    const features = { nonce, proof };
    const own = { ...limits, ...PATIENCE };
    const { reply, terms } = welcome(hello, { limits: own, bootId, features });
    await frames.writer.send(reply);
    const answer = await frames.waitFor("authentication", next(frames));
    if (!answer) return undefined;
    if (answer.type !== "Authenticate" || answer.mechanism !== WORKER_MECHANISM) throw stranger();
    const by = new TextDecoder().decode(answer.data.subarray(32));
    const expected = workerProof(secret, "worker", { nonce, by });
    if (!isSame(answer.data.subarray(0, 32), expected)) throw stranger();
    frames.agree(terms, terms.maxFrame);
    const principal = this.#principal(by);
    await frames.writer.send({ type: "Authenticated", tag: 0, data: fromHex("00") });
    return { terms, principal };
  }

  /** Whether its token is still good the worker watches, as a server does for its own sessions. */
  #principal(name: string): Principal {
    if (name === "") return EVERYBODY;
    const token = this.#options.tokens.find(name);
    if (token) return token;
    throw new MorselError("authentication", `There is no token ${name}`);
  }
}

function stranger(): MorselError {
  return new MorselError("authentication", "Only workers of this server are served here");
}
