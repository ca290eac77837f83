// What a server has done since its start, in numbers. Counted once a connection, a request or a sync, never once a
// chunk; who wants to know reads `families`.

import { errorCodeOf } from "../base/errors.ts";
import type { Figures } from "../protocol/figures.ts";
import type { Message } from "../protocol/messages.ts";
import type { Family, Sample } from "./exposition.ts";

/** Upper bounds of the times a sync takes, in seconds: from memory to a disk that struggles. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What became of a connection at the door. */
export type Outcome = "served" | "busy" | "penalised";

/** Bytes that a session has moved. */
export interface Traffic {
  readonly bytesRead: number;
  /** Both ways together. */
  readonly bytesMoved: number;
}

/** The counters of a server. */
export class ServerMetrics {
  readonly #connections = new Map<string, number>();
  readonly #sessionErrors = new Map<string, number>();
  readonly #penalties = new Map<string, number>();
  /** By type and result, with a space between them. */
  readonly #requests = new Map<string, number>();
  readonly #syncs = BOUNDS.map(() => 0);
  #syncCount = 0;
  #syncSeconds = 0;
  /** Sessions that are open: what they move, and what they have under way. */
  readonly #open = new Map<Traffic, { readonly transfers: number }>();
  readonly #ended = { bytesRead: 0, bytesMoved: 0 };
  #damages = 0;

  /** Somebody has connected. */
  connected(outcome: Outcome): void {
    add(this.#connections, outcome);
  }

  /** A session has failed with this error code. */
  sessionFailed(code: string): void {
    add(this.#sessionErrors, code);
  }

  /** An address pays for this. */
  penalised(offence: string): void {
    add(this.#penalties, offence);
  }

  /** A session has begun; `ended` is to be called with the same traffic. */
  began(traffic: Traffic, running: { readonly transfers: number }): void {
    this.#open.set(traffic, running);
  }

  /** A session has ended. */
  ended(traffic: Traffic): void {
    this.#open.delete(traffic);
    this.#ended.bytesRead += traffic.bytesRead;
    this.#ended.bytesMoved += traffic.bytesMoved;
  }

  /** A request of this type got its last reply. */
  answered(type: string, reply: Message): void {
    this.requested(type, reply.type === "Error" ? errorCodeOf(reply.code) : "ok");
  }

  /** A request of this type came to this end: `ok`, or an error code. */
  requested(type: string, result: string): void {
    add(this.#requests, `${type} ${result}`);
  }

  /** Something was brought to stable storage in so many milliseconds. */
  synced(ms: number): void {
    const bucket = BOUNDS.findIndex((bound) => ms <= bound * 1000);
    if (bucket >= 0) this.#syncs[bucket]!++;
    this.#syncCount++;
    this.#syncSeconds += ms / 1000;
  }

  /** Stored data was found to be damaged. */
  damaged(): void {
    this.#damages++;
  }

  /** What Figures tell of it. */
  figures(): Figures {
    const { bytesRead, bytesMoved } = this.#traffic;
    let transfers = 0;
    for (const running of this.#open.values()) transfers += running.transfers;
    const refused = ["forbidden", "quota", "no_space"];
    return {
      transfers,
      receivedBytes: bytesRead,
      sentBytes: bytesMoved - bytesRead,
      commits: this.#requests.get("Commit ok") ?? 0,
      removals: this.#requests.get("Remove ok") ?? 0,
      refusals: sum(this.#requests, (key) => refused.includes(key.split(" ")[1]!)),
      deadlines: this.#sessionErrors.get("deadline") ?? 0,
      turnedAway: sum(this.#connections, (outcome) => outcome !== "served"),
      penalties: sum(this.#penalties),
      damages: this.#damages,
    };
  }

  /** All of it now. */
  families(): Family[] {
    const { bytesRead, bytesMoved } = this.#traffic;
    return [
      counter("connections_total", "Connections by what became of them at the door", [
        ...samples(this.#connections, "outcome"),
      ]),
      counter("session_errors_total", "Sessions that failed, by error code", [
        ...samples(this.#sessionErrors, "code"),
      ]),
      counter("penalties_total", "Offences that addresses pay for, before their proof", [
        ...samples(this.#penalties, "offence"),
      ]),
      counter("requests_total", "Requests by type and result; a Commit that is ok is a file", [
        ...[...this.#requests].map(([key, value]) => {
          const [type = "", result = ""] = key.split(" ");
          return { labels: { type, result }, value };
        }),
      ]),
      counter("received_bytes_total", "Bytes that came in", [{ value: bytesRead }]),
      counter("sent_bytes_total", "Bytes that went out", [{ value: bytesMoved - bytesRead }]),
      counter("damages_total", "Damages found in stored data", [{ value: this.#damages }]),
      {
        name: "morsel_sync_seconds",
        help: "Time to bring blobs and folders to stable storage",
        type: "histogram",
        samples: this.#syncSamples(),
      },
    ];
  }

  /** Of all sessions, open or ended. */
  get #traffic(): Traffic {
    const sums = { ...this.#ended };
    for (const { bytesRead, bytesMoved } of this.#open.keys()) {
      sums.bytesRead += bytesRead;
      sums.bytesMoved += bytesMoved;
    }
    return sums;
  }

  #syncSamples(): Sample[] {
    let count = 0;
    const buckets = BOUNDS.map((bound, index) => {
      count += this.#syncs[index]!;
      return { suffix: "_bucket", labels: { le: String(bound) }, value: count };
    });
    return [
      ...buckets,
      { suffix: "_bucket", labels: { le: "+Inf" }, value: this.#syncCount },
      { suffix: "_sum", value: this.#syncSeconds },
      { suffix: "_count", value: this.#syncCount },
    ];
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(counts: Map<string, number>, isCounted = (_key: string) => true): number {
  return [...counts].reduce((total, [key, value]) => isCounted(key) ? total + value : total, 0);
}

function samples(counts: Map<string, number>, label: string): Sample[] {
  return [...counts].map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function counter(name: string, help: string, samples: Sample[]): Family {
  return { name: `morsel_${name}`, help, type: "counter", samples };
}
