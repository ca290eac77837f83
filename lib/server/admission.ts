// Who is let in (PROTOCOL.md 4.1 and 6): so many connections in all, and so many of one address, so that no
// single peer can take every place.

import { MorselError } from "../base/errors.ts";

/** How many connections are served at a time. */
export interface AdmissionLimits {
  readonly maxConnections: number;
  /** Of one address. */
  readonly maxSessions: number;
}

/** Counts the connections that are served. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #served = new Map<string, number>();
  #total = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Takes a connection from `remote`, a `host:port`, in; call what is returned at its end. Throws `busy`. */
  enter(remote: string): () => void {
    const { maxConnections, maxSessions } = this.#limits;
    const address = addressOf(remote);
    const served = this.#served.get(address) ?? 0;
    if (this.#total >= maxConnections) {
      throw busy(`The server has the ${maxConnections} connections it accepts: try again later`, {
        limit: "maxConnections",
        value: String(maxConnections),
      });
    }
    if (served >= maxSessions) {
      throw busy(`${address} has the ${maxSessions} connections that one address may have`, {
        limit: "maxSessions",
        value: String(maxSessions),
      });
    }
    this.#total++;
    this.#served.set(address, served + 1);
    return () => this.#leave(address);
  }

  #leave(address: string): void {
    this.#total--;
    const left = this.#served.get(address)! - 1;
    // Addresses that have gone must not add up.
    if (left > 0) this.#served.set(address, left);
    else this.#served.delete(address);
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

function busy(message: string, detail: Record<string, string>): MorselError {
  return new MorselError("busy", message, { detail });
}
