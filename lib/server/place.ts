// A connection that was let in: what it takes of the server until it leaves, and what those who watch hear of it.

import type { MorselError } from "../base/errors.ts";
import { EVERYBODY, type Principal } from "../base/principal.ts";
import type { AddressCounts } from "../base/address_counts.ts";
import type { Offence, Penalties } from "./penalties.ts";
import type { Answered, Notice, Traffic, Visit, Work } from "./server_event.ts";
import type { Visitor } from "./visitor.ts";

/** Where places are counted. */
export interface Door {
  readonly penalties: Penalties;
  readonly served: AddressCounts;
  readonly unproven: AddressCounts;
}

/** What a {@linkcode Place} is made with. */
export interface PlaceOptions {
  readonly id: number;
  /** The other end, as `host:port`. */
  readonly remote: string;
  /** The part of that which is counted. */
  readonly address: string;
  /** When it came, by the monotonic clock. */
  readonly begunMs: number;
  /** Whether it counts among those that have yet to prove a token. */
  readonly mustProve: boolean;
  readonly notice: Notice;
}

/** What a connection takes of the server, from its admission until it leaves. */
export class Place implements Visitor, Visit {
  readonly #door: Door;
  readonly #options: PlaceOptions;
  #traffic: Traffic = { bytesRead: 0, bytesMoved: 0 };
  #work: Work = { transfers: 0 };
  #token: string | undefined;
  #isCounted: boolean;
  #isKnown = false;
  #failure: MorselError | undefined;

  /** Takes it. */
  constructor(door: Door, options: PlaceOptions) {
    const { address, mustProve, notice } = options;
    this.#door = door;
    this.#options = options;
    this.#isCounted = mustProve;
    door.served.add(address);
    if (mustProve) door.unproven.add(address);
    notice({ type: "connected", visit: this });
  }

  get id(): number {
    return this.#options.id;
  }

  get remote(): string {
    return this.#options.remote;
  }

  get begunMs(): number {
    return this.#options.begunMs;
  }

  get token(): string | undefined {
    return this.#token;
  }

  get bytesRead(): number {
    return this.#traffic.bytesRead;
  }

  get bytesMoved(): number {
    return this.#traffic.bytesMoved;
  }

  get transfers(): number {
    return this.#work.transfers;
  }

  measure(traffic: Traffic, work: Work): void {
    this.#traffic = traffic;
    this.#work = work;
  }

  claim(token: string): void {
    this.#token = token;
  }

  prove(principal: Principal): void {
    this.#isKnown = true;
    this.#stopCounting();
    if (principal === EVERYBODY) return;
    this.#token = principal.name;
    this.#options.notice({ type: "authenticated", visit: this });
  }

  fail(): void {
    this.#punish("proof");
  }

  answer(answered: Answered): void {
    this.#options.notice({ ...answered, type: "answered", visit: this });
  }

  giveUp(why: MorselError): void {
    this.#failure = why;
    const { code } = why;
    if (code === "authentication") {
      const type = this.#isKnown ? "tokenEnded" : "unproven";
      this.#options.notice({ type, visit: this, why });
    }
    if (this.#isKnown) return;
    if (code === "protocol") this.#punish("garbage");
    if (code === "deadline") this.#punish("deadline");
  }

  /** It has gone; to be called once. `isStopping` says that the server is about to stop. */
  leave(isStopping = false): void {
    this.#stopCounting();
    this.#door.served.remove(this.#options.address);
    // What its session held is not to be kept for two numbers.
    const { bytesRead, bytesMoved } = this.#traffic;
    this.#traffic = { bytesRead, bytesMoved };
    this.#work = { transfers: 0 };
    this.#options.notice({ type: "disconnected", visit: this, why: this.#failure, isStopping });
  }

  #stopCounting(): void {
    if (this.#isCounted) this.#door.unproven.remove(this.#options.address);
    this.#isCounted = false;
  }

  #punish(offence: Offence): void {
    const { address, notice } = this.#options;
    this.#door.penalties.add(address, offence);
    notice({ type: "penalised", visit: this, offence });
  }
}
