// The TLS handshakes of a listener that are under way: a stranger makes the server work for each, so there are only so
// many at a time, in all and of one address, and none takes long.

import type { Socket } from "node:net";
import type { StopTimer } from "../base/clock.ts";
import { AddressCounts } from "../base/address_counts.ts";
import { addressOf } from "../base/peer_address.ts";
import { systemClock } from "./system_clock.ts";

/** Handshakes under way, in all: each costs up to 100 KiB. */
export const MAX_HANDSHAKES = 512;
/** Of one address: those of many programs that start at once, but not a whole server's worth. */
export const MAX_HANDSHAKES_OF_ADDRESS = 128;

const NOTHING = "The handshake came to nothing";

/** What {@linkcode TlsHandshakes} are made with. */
export interface TlsHandshakesOptions {
  /** How long one may take, in milliseconds. */
  readonly patienceMs: number;
  /** Told of each that came to nothing: the `host:port` of the peer, and why. */
  readonly onRefusal?: ((remote: string, why: string) => void) | undefined;
}

/** Counts handshakes, and ends those that are too many or too slow. */
export class TlsHandshakes {
  readonly #options: TlsHandshakesOptions;
  readonly #counts = new AddressCounts();
  /** How to stop waiting for each, by its `host:port`. */
  readonly #underWay = new Map<string, StopTimer>();

  constructor(options: TlsHandshakesOptions) {
    this.#options = options;
  }

  /** A connection has come that is to begin with a handshake; it is closed where that is one too many. */
  begin(socket: Socket): void {
    const remote = remoteOf(socket);
    if (remote === undefined) return; // it has gone again
    // One that came from there before has gone, though its close may be told later than that this one has come.
    this.fail(remote, NOTHING);
    const refusal = this.#refusalOf(addressOf(remote));
    if (refusal !== undefined) {
      socket.destroy();
      this.#options.onRefusal?.(remote, refusal);
      return;
    }
    const failOwn = (why: string) => {
      if (this.#underWay.get(remote) === stopTimer) this.fail(remote, why);
    };
    const stopTimer = systemClock.timer(this.#options.patienceMs, () => {
      failOwn("The handshake took too long");
      socket.destroy();
    });
    this.#counts.add(addressOf(remote));
    this.#underWay.set(remote, stopTimer);
    // Not each failure shows whose it is, and some show in no other way.
    socket.once("close", () => failOwn(NOTHING));
  }

  /** The handshake with this `host:port` is over, whatever came of it; false where none was under way. */
  end(remote: string | undefined): boolean {
    const stopTimer = remote === undefined ? undefined : this.#underWay.get(remote);
    if (remote === undefined || !stopTimer) return false;
    stopTimer();
    this.#underWay.delete(remote);
    this.#counts.remove(addressOf(remote));
    return true;
  }

  /** The same where it has failed. */
  fail(remote: string | undefined, why: string): void {
    if (this.end(remote)) this.#options.onRefusal?.(remote!, why);
  }

  #refusalOf(address: string): string | undefined {
    if (this.#counts.total >= MAX_HANDSHAKES) {
      return `${MAX_HANDSHAKES} handshakes are under way`;
    }
    if (this.#counts.of(address) < MAX_HANDSHAKES_OF_ADDRESS) return undefined;
    return `${MAX_HANDSHAKES_OF_ADDRESS} handshakes of this address are under way`;
  }
}

/** The `host:port` of a peer; undefined once it has gone. */
export function remoteOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`;
}
