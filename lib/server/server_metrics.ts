// What a server and its workers have done since the start, in numbers. Counted once a connection, a request or a sync,
// never once a chunk; who wants to know reads `families`.

import { errorCodeOf } from "../base/errors.ts";
import type { Figures } from "../protocol/figures.ts";
import { addCounts, type CountOf, type Counts, NO_COUNTS } from "./counts.ts";
import type { Family, Sample } from "./exposition.ts";
import type { Answered, Notice, Visit } from "./server_event.ts";

/** Upper bounds of the times a sync takes, in seconds: from memory to a disk that struggles. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

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
  /** Of connections that have gone. */
  #received = 0;
  #moved = 0;
  /** Those that are there: what they move is looked up when somebody wants to know. */
  readonly #visits = new Set<Visit>();
  #damages = 0;
  /** What its workers have told last, by their numbers. */
  readonly #workers = new Map<number, Counts>();
  /** Of workers that have ended. */
  #past = NO_COUNTS;

  /** Counts what happens. */
  readonly notice: Notice = (event) => {
    switch (event.type) {
      case "connected":
        this.#visits.add(event.visit);
        return add(this.#connections, "served");
      case "turnedAway":
        return add(this.#connections, event.why.detail.afterMs ? "penalised" : "busy");
      case "handshakeFailed":
        return add(this.#connections, "handshake");
      case "penalised":
        return add(this.#penalties, event.offence);
      case "answered":
        return add(this.#requests, `${event.subject.type} ${resultOf(event)}`);
      case "disconnected":
        return this.#disconnected(event.visit, event.why?.code);
      case "damaged":
        this.#damages++;
    }
  };

  #disconnected(visit: Visit, code: string | undefined): void {
    if (code) add(this.#sessionErrors, code);
    this.#visits.delete(visit);
    this.#received += visit.bytesRead;
    this.#moved += visit.bytesMoved;
  }

  /** Something was brought to stable storage in so many milliseconds. */
  synced(ms: number): void {
    const bucket = BOUNDS.findIndex((bound) => ms <= bound * 1000);
    if (bucket >= 0) this.#syncs[bucket]!++;
    this.#syncCount++;
    this.#syncSeconds += ms / 1000;
  }

  /** What a worker has counted since its start, in place of what it told before; undefined once it has ended. */
  addWorker(worker: number, counts: Counts | undefined): void {
    if (counts) return void this.#workers.set(worker, counts);
    const last = this.#workers.get(worker) ?? NO_COUNTS;
    this.#workers.delete(worker);
    this.#past = addCounts(this.#past, { ...last, sessions: 0, transfers: 0 });
  }

  /** What this process has counted. */
  counts(): Counts {
    let [received, moved, transfers] = [this.#received, this.#moved, 0];
    for (const visit of this.#visits) {
      received += visit.bytesRead;
      moved += visit.bytesMoved;
      transfers += visit.transfers;
    }
    return {
      connections: Object.fromEntries(this.#connections),
      sessionErrors: Object.fromEntries(this.#sessionErrors),
      penalties: Object.fromEntries(this.#penalties),
      requests: Object.fromEntries(this.#requests),
      received,
      sent: moved - received,
      sessions: this.#visits.size,
      transfers,
    };
  }

  /** What Figures tell of it. */
  figures(): Figures {
    const { connections, sessionErrors, penalties, requests, ...counts } = this.#all();
    const refused = ["forbidden", "quota", "no_space"];
    return {
      sessions: counts.sessions,
      transfers: counts.transfers,
      receivedBytes: counts.received,
      sentBytes: counts.sent,
      commits: requests["Commit ok"] ?? 0,
      removals: requests["Remove ok"] ?? 0,
      refusals: sum(requests, (key) => refused.includes(key.split(" ")[1]!)),
      deadlines: sessionErrors["deadline"] ?? 0,
      turnedAway: sum(connections, (outcome) => ["busy", "penalised"].includes(outcome)),
      penalties: sum(penalties),
      damages: this.#damages,
    };
  }

  /** All of it now. */
  families(): Family[] {
    const { connections, sessionErrors, penalties, requests, received, sent } = this.#all();
    return [
      counter("connections_total", "Connections by what became of them at the door", [
        ...samples(connections, "outcome"),
      ]),
      counter("session_errors_total", "Sessions that failed, by error code", [
        ...samples(sessionErrors, "code"),
      ]),
      counter("penalties_total", "Offences that addresses pay for, before their proof", [
        ...samples(penalties, "offence"),
      ]),
      counter("requests_total", "Requests by type and result; a Commit that is ok is a file", [
        ...Object.entries(requests).map(([key, value]) => {
          const [type = "", result = ""] = key.split(" ");
          return { labels: { type, result }, value };
        }),
      ]),
      counter("received_bytes_total", "Bytes that came in", [{ value: received }]),
      counter("sent_bytes_total", "Bytes that went out", [{ value: sent }]),
      counter("damages_total", "Damages found in stored data", [{ value: this.#damages }]),
      {
        name: "morsel_sync_seconds",
        help: "Time to bring blobs and folders to stable storage",
        type: "histogram",
        samples: this.#syncSamples(),
      },
    ];
  }

  /** That of this process and its workers. */
  #all(): Counts {
    return [this.#past, ...this.#workers.values()].reduce(addCounts, this.counts());
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

/** `ok`, or an error code. */
function resultOf({ reply, error }: Answered): string {
  if (error) return error.code;
  return reply?.type === "Error" ? errorCodeOf(reply.code) : "ok";
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(counts: CountOf, isCounted = (_key: string) => true): number {
  const entries = Object.entries(counts);
  return entries.reduce((total, [key, value]) => isCounted(key) ? total + value : total, 0);
}

function samples(counts: CountOf, label: string): Sample[] {
  return Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function counter(name: string, help: string, samples: Sample[]): Family {
  return { name: `morsel_${name}`, help, type: "counter", samples };
}
