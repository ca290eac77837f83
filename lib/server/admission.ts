// Who is let in (PROTOCOL.md 4.1 and 6): so many connections in all, and so many of one address, so that no
// single peer can take every place; of those who have not proven yet who they are, fewer.

import type { Clock } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import type { Visitor } from "./greeting.ts";
import { type Offence, Penalties } from "./penalties.ts";
import type { ServerMetrics } from "./server_metrics.ts";

/** How many connections are served at a time. */
export interface AdmissionLimits {
  readonly maxConnections: number;
  /** Of one address. */
  readonly maxSessions: number;
}

/** What an {@linkcode Admission} works with. */
export interface AdmissionOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly metrics?: ServerMetrics | undefined;
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
  readonly served = new Counts();
  /** Those of them that have yet to prove a token. */
  readonly unproven = new Counts();
  /** Told of offences and of sessions that failed. */
  readonly metrics: ServerMetrics | undefined;
  readonly #limits: AdmissionLimits;

  constructor(limits: AdmissionLimits, { clock, metrics }: AdmissionOptions) {
    this.#limits = limits;
    this.metrics = metrics;
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
    return new Place(this, address, mustProve);
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

/** What a connection takes of the server, from its admission until it leaves. */
export class Place implements Visitor {
  readonly #admission: Admission;
  readonly #address: string;
  #isCounted: boolean;
  #isKnown = false;

  /** Takes it; `mustProve` counts it among those that have yet to. */
  constructor(admission: Admission, address: string, mustProve: boolean) {
    this.#admission = admission;
    this.#address = address;
    this.#isCounted = mustProve;
    admission.served.add(address);
    if (mustProve) admission.unproven.add(address);
  }

  prove(): void {
    this.#isKnown = true;
    if (this.#isCounted) this.#admission.unproven.remove(this.#address);
    this.#isCounted = false;
  }

  fail(): void {
    this.#punish("proof");
  }

  giveUp({ code }: MorselError): void {
    this.#admission.metrics?.sessionFailed(code);
    if (this.#isKnown) return;
    if (code === "protocol") this.#punish("garbage");
    if (code === "deadline") this.#punish("deadline");
  }

  #punish(offence: Offence): void {
    this.#admission.penalties.add(this.#address, offence);
    this.#admission.metrics?.penalised(offence);
  }

  /** It has gone; to be called once. */
  leave(): void {
    this.prove();
    this.#admission.served.remove(this.#address);
  }
}

/** Connections by address, and all together. */
class Counts {
  total = 0;
  readonly #byAddress = new Map<string, number>();

  of(address: string): number {
    return this.#byAddress.get(address) ?? 0;
  }

  add(address: string): void {
    this.total++;
    this.#byAddress.set(address, this.of(address) + 1);
  }

  remove(address: string): void {
    this.total--;
    const left = this.of(address) - 1;
    // Addresses that have gone must not add up.
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

/**
 * The part of a `host:port` that stands for one peer. Of IPv6 the first 64 bits: whoever has one address of
 * those has all of them.
 */
export function addressOf(remote: string): string {
  const host = remote.slice(0, remote.lastIndexOf(":"));
  if (!host.includes(":")) return host;
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(host);
  if (mapped) return mapped[1]!;
  const [head = "", tail] = host.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const last = (tail ?? "").split(":").filter((group) => group !== "");
  while (groups.length + last.length < 8) groups.push("0");
  return `${[...groups, ...last].slice(0, 4).join(":")}::/64`;
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
