// The events of a server as records for its log (docs/operating.md): plain values, one flat object each. Reads and
// listings that go well are left out. No token, proof, key, content or metadata ever gets into a record: the events
// carry none but in messages, of which only the fields named here are taken.

import type { Clock } from "../base/clock.ts";
import { asMorselError, type MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import type { Message } from "../protocol/messages.ts";
import type { Answered, Disconnected, Notice, ServerEvent, Visit } from "./server_event.ts";

/** One thing that has happened. What is undefined is not known, or says nothing of this event. */
export interface LogRecord {
  /** ISO 8601, in UTC, with milliseconds. */
  readonly time: string;
  /** What it is: one of those in docs/operating.md. */
  readonly event: string;
  /** Which worker tells it, counted from 1 with each that is started; undefined for the server itself. */
  readonly worker?: number | undefined;
  /** Where the server listens. */
  readonly address?: string | undefined;
  /** The number of the connection, counted from 1 with each start of the server or worker. */
  readonly connection?: number | undefined;
  /** The other end, as `host:port`. */
  readonly peer?: string | undefined;
  /** The name of a token. */
  readonly principal?: string | undefined;
  /** The message that asked. */
  readonly request?: string | undefined;
  /** As it was sent: any text. */
  readonly name?: string | undefined;
  /** The new name, of a move or a copy. */
  readonly to?: string | undefined;
  /** The version that a change has made, or removed. */
  readonly version?: number | undefined;
  /** In bytes. */
  readonly size?: number | undefined;
  /** The Merkle root, in hexadecimal digits. */
  readonly digest?: string | undefined;
  /** The id of an upload. */
  readonly upload?: string | undefined;
  /** An error code. */
  readonly code?: string | undefined;
  /** What happened, for people. */
  readonly reason?: string | undefined;
  /** Which limit was reached. */
  readonly limit?: string | undefined;
  /** How long it took, in milliseconds. */
  readonly ms?: number | undefined;
  /** Bytes that came in. */
  readonly received?: number | undefined;
  /** Bytes that went out. */
  readonly sent?: number | undefined;
  /** How many records were left out before this one. */
  readonly lines?: number | undefined;
}

type Facts = Omit<LogRecord, "time">;

/** What becomes of each event a record worth keeping, which is handed to `keep`. */
export function serverLog(
  keep: (record: LogRecord) => void,
  clock: Pick<Clock, "now" | "monotonicMs">,
): Notice {
  const nowMs = () => clock.monotonicMs();
  return (event) => {
    const facts = factsOf(event, nowMs);
    if (facts) keep({ time: new Date(clock.now()).toISOString(), ...facts });
  };
}

function factsOf(event: ServerEvent, nowMs: () => number): Facts | undefined {
  switch (event.type) {
    case "listening":
      return { event: "listening", address: `${event.address.host}:${event.address.port}` };
    case "stopping":
    case "stopped":
      return { event: event.type };
    case "connected":
      return { event: "connect", ...visitor(event.visit) };
    case "turnedAway":
      return { event: "refused", peer: event.remote, ...failure(event.why) };
    case "handshakeFailed":
      return { event: "tls_failed", peer: event.remote, reason: event.why };
    case "authenticated":
      return { event: "authenticated", ...visitor(event.visit), ms: since(event.visit, nowMs) };
    case "unproven":
      return { event: "authentication_failed", ...visitor(event.visit), ...failure(event.why) };
    case "tokenEnded":
      return { event: "token_ended", ...visitor(event.visit), ...failure(event.why) };
    case "answered":
      return answerFacts(event, nowMs);
    case "disconnected":
      return disconnectFacts(event, nowMs);
    case "certificateChanged":
      return { event: "certificate_changed" };
    case "damaged":
      return { event: "damage", code: "integrity", reason: event.why };
    case "fault":
      return { event: "fault", ...failure(asMorselError(event.error, "internal")) };
    case "penalised":
      return undefined; // it shows in the refusals that follow
    default:
      return event satisfies never;
  }
}

function visitor({ id, remote, token }: Visit): Partial<Facts> {
  return { connection: id, peer: remote, principal: token };
}

function failure({ code, message, detail }: MorselError): Partial<Facts> {
  return { code, reason: cut(message), limit: detail.limit };
}

function answerFacts(event: Answered & { visit: Visit }, nowMs: () => number): Facts | undefined {
  const { visit, subject, reply, error, begunMs } = event;
  const { name, from = name, to, upload, received } = subject;
  const about = {
    name: from === undefined ? undefined : cut(from),
    to: to === undefined ? undefined : cut(to),
    upload: upload && toHex(upload),
    received,
    ms: begunMs === undefined ? undefined : rounded(nowMs() - begunMs),
  };
  const who = visitor(visit);
  if (error) {
    if (NO_REFUSALS.has(error.code)) return undefined;
    const request = subject.type;
    return { event: "request_failed", ...who, request, ...about, ...failure(error) };
  }
  const done = DONE.get(subject.type);
  return done && reply ? { event: done, ...who, ...about, ...fileFacts(reply) } : undefined;
}

/** What ends a request by the client's own doing: a Cancel, and its leaving, which has a record of its own. */
const NO_REFUSALS: ReadonlySet<string> = new Set(["cancelled", "connection"]);

/** The requests that change something, and what they have then done. */
const DONE: ReadonlyMap<string, string> = new Map([
  ["Commit", "commit"],
  ["Remove", "delete"],
  ["Move", "move"],
  ["Copy", "copy"],
  ["Cancel", "abort"],
  ["AbortUpload", "abort"],
]);

function fileFacts(reply: Message): Partial<Facts> {
  if (reply.type !== "File") return {};
  const { version, size, digest } = reply;
  return { version, size, digest: toHex(digest) };
}

function disconnectFacts(
  { visit, why, isStopping }: Disconnected,
  nowMs: () => number,
): Facts {
  const inOrder = isStopping ? "The server is about to stop" : "The client closed the connection";
  const { bytesRead, bytesMoved } = visit;
  return {
    event: "disconnect",
    ...visitor(visit),
    ms: since(visit, nowMs),
    received: bytesRead,
    sent: bytesMoved - bytesRead,
    ...(why ? failure(why) : { reason: inOrder }),
  };
}

function since({ begunMs }: Visit, nowMs: () => number): number {
  return rounded(nowMs() - begunMs);
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** A name may be as long as a frame until it is refused. */
function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}

/** Characters of one text in a record: those of any name that there can be. */
const MOST_TEXT = 1024;
