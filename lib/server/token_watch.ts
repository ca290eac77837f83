// Ends the sessions of tokens that are no longer good (PROTOCOL.md 4.15): revoked by another process, or
// expired. Looked at every two seconds, in one place for all sessions.

import type { Clock, StopTimer } from "../base/clock.ts";
import { asMorselError, MorselError } from "../base/errors.ts";
import type { Principal } from "../base/principal.ts";
import type { TokenStore } from "../store/token_store.ts";

/** How often is looked, in milliseconds: so long a session may outlive its token. */
export const TOKEN_WATCH_MS = 2000;

/** What a {@linkcode TokenWatch} needs. */
export interface TokenWatchOptions {
  readonly clock: Clock;
  readonly onError?: ((error: unknown) => void) | undefined;
}

interface Follower {
  readonly principal: Principal;
  readonly end: (why: MorselError) => void;
}

/** The tokens of a server, and who is let in by them. `stop` ends the looking. */
export class TokenWatch {
  /** Where they are kept; whoever opened it closes it. */
  readonly tokens: TokenStore;
  readonly #options: TokenWatchOptions;
  readonly #followers = new Set<Follower>();
  #mark: number;
  #stopTimer: StopTimer = () => {};

  constructor(tokens: TokenStore, options: TokenWatchOptions) {
    this.tokens = tokens;
    this.#options = options;
    this.#mark = tokens.changeMark();
    this.#wait();
  }

  /**
   * Calls `end` once when this principal is no longer let in; call what is returned when it has left. Throws
   * `storage`, and does not follow it then.
   */
  follow(principal: Principal, end: (why: MorselError) => void): () => void {
    const follower = { principal, end };
    // It may have been revoked since it was let in, and that look is over.
    if (this.#judge(follower, true)) this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Why a principal is not let in now; undefined when it is. */
  refusalOf({ name }: Principal): MorselError | undefined {
    if (name === "") return this.tokens.isEmpty ? undefined : tokenNeeded();
    const token = this.tokens.find(name);
    if (!token || token.revokedMs !== undefined) return ended(name, "was revoked");
    return this.#isOver(token) ? ended(name, "has expired") : undefined;
  }

  /** Ends the looking. */
  stop(): void {
    this.#stopTimer();
    this.#followers.clear();
  }

  #wait(): void {
    this.#stopTimer = this.#options.clock.timer(TOKEN_WATCH_MS, () => this.#look());
  }

  #look(): void {
    this.#wait();
    try {
      const mark = this.tokens.changeMark();
      this.#judgeAll(mark !== this.#mark);
      // Not before: where one could not be judged, the next look judges them all once more.
      this.#mark = mark;
    } catch (thrown) {
      this.#options.onError?.(asMorselError(thrown, "storage"));
    }
  }

  /** Throws what was thrown first, once all others have been judged. */
  #judgeAll(isChanged: boolean): void {
    const failures: unknown[] = [];
    for (const follower of this.#followers) {
      try {
        this.#judge(follower, isChanged);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Ends a follower that is no longer let in; whether it still is. */
  #judge(follower: Follower, isChanged: boolean): boolean {
    const { principal, end } = follower;
    const why = isChanged
      ? this.refusalOf(principal)
      : this.#isOver(principal)
      ? ended(principal.name, "has expired")
      : undefined;
    if (!why) return true;
    this.#followers.delete(follower);
    end(why);
    return false;
  }

  #isOver({ expiresMs }: Principal): boolean {
    return expiresMs !== undefined && this.#options.clock.now() >= expiresMs;
  }
}

/** What whoever comes without a token is told. */
export function tokenNeeded(): MorselError {
  return new MorselError("authentication", "This server asks for a token");
}

function ended(name: string, how: string): MorselError {
  return new MorselError("authentication", `The token ${name} ${how}`);
}
