// Who is let in (PROTOCOL.md 4.1 and 6): so many connections in all, and so many of one address, so that no
// single peer can take every place; of those who have not proven yet who they are, fewer.

import { AddressCounts } from "../base/address_counts.ts";
import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import { addressOf } from "../base/peer_address.ts";
import { Penalties } from "./penalties.ts";
import { Place } from "./place.ts";
import type { Notice } from "./server_event.ts";

/** How many connections are served at a time. */
export interface AdmissionLimits {
  readonly maxConnections: number;
  /** Of one address. */
  readonly maxSessions: number;
}

/** What an {@linkcode Admission} works with. */
export interface AdmissionOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Told of who comes and goes. */
  readonly notice?: Notice | undefined;
}

/** Connections that have yet to prove a token, in all: they last 20 seconds at most. */
export const MAX_UNPROVEN = 256;
/** Of one address: so no single peer keeps all others from proving theirs. */
export const MAX_UNPROVEN_OF_ADDRESS = 64;

/** Counts the connections that are served, and remembers whom to keep out. */
export class Admission {
  /** Of addresses. */
  readonly penalties: Penalties;
  /** Connections that are served. */
  readonly served = new AddressCounts();
  /** Those of them that have yet to prove a token. */
  readonly unproven = new AddressCounts();
  readonly #limits: AdmissionLimits;
  readonly #clock: AdmissionOptions["clock"];
  readonly #notice: Notice;
  #places = 0;

  constructor(limits: AdmissionLimits, { clock, notice = () => {} }: AdmissionOptions) {
    this.#limits = limits;
    this.#clock = clock;
    this.#notice = notice;
    this.penalties = new Penalties(clock);
  }

  /**
   * Takes a connection from `remote`, a `host:port`, in; `mustProve` says that it has to show a token. Throws
   * `busy`.
   */
  enter(remote: string, mustProve = false): Place {
    const address = addressOf(remote);
    const penaltyMs = this.penalties.remainingMs(address);
    if (penaltyMs > 0) throw penalised(penaltyMs);
    this.#insistOnRoom(address);
    if (mustProve) this.#insistOnRoomToProve(address);
    const id = ++this.#places;
    const begunMs = this.#clock.monotonicMs();
    return new Place(this, { id, remote, address, begunMs, mustProve, notice: this.#notice });
  }

  #insistOnRoom(address: string): void {
    const { maxConnections, maxSessions } = this.#limits;
    if (this.served.total >= maxConnections) {
      throw full(`The server has the ${maxConnections} connections it accepts: try again later`, {
        limit: "maxConnections",
        value: maxConnections,
      });
    }
    if (this.served.of(address) >= maxSessions) {
      throw full(`${address} has the ${maxSessions} connections that one address may have`, {
        limit: "maxSessions",
        value: maxSessions,
      });
    }
  }

  #insistOnRoomToProve(address: string): void {
    const refuse = (limit: string, value: number) =>
      full(`${value} connections have yet to prove their token: try again in some seconds`, {
        limit,
        value,
      });
    if (this.unproven.total >= MAX_UNPROVEN) throw refuse("maxUnproven", MAX_UNPROVEN);
    if (this.unproven.of(address) >= MAX_UNPROVEN_OF_ADDRESS) {
      throw refuse("maxUnprovenOfAddress", MAX_UNPROVEN_OF_ADDRESS);
    }
  }
}

function penalised(remainingMs: number): MorselError {
  const seconds = Math.ceil(remainingMs / 1000);
  const message = `Too many failed attempts from this address: try again in ${seconds} s`;
  return new MorselError("busy", message, { detail: { afterMs: String(Math.ceil(remainingMs)) } });
}

function full(
  message: string,
  { limit, value }: { readonly limit: string; readonly value: number },
): MorselError {
  return new MorselError("busy", message, { detail: { limit, value: String(value) } });
}
