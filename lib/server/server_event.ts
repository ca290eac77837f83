// What happens in a server, as those hear it who watch it: its numbers and its log. The one hook for them, so that
// nothing that works has to know who watches. Types only.

import type { MorselError } from "../base/errors.ts";
import type { Message, MessageName } from "../protocol/messages.ts";
import type { Address } from "../runtime/connection.ts";
import type { Offence } from "./penalties.ts";

/** Told of each event as it happens, in the middle of the work: it must return at once and not throw. */
export type Notice = (event: ServerEvent) => void;

/** Something that has happened. */
export type ServerEvent =
  | { readonly type: "listening"; readonly address: Address }
  /** No new work is taken; it has come to its end. */
  | { readonly type: "stopping" | "stopped" }
  /** A connection was let in. */
  | { readonly type: "connected"; readonly visit: Visit }
  /** One was not, before its greeting; `why` is `busy`. */
  | { readonly type: "turnedAway"; readonly remote: string; readonly why: MorselError }
  /** One never came so far, as its TLS handshake failed. */
  | { readonly type: "handshakeFailed"; readonly remote: string; readonly why: string }
  /** It has proven a token. */
  | { readonly type: "authenticated"; readonly visit: Visit }
  /** It has not. */
  | { readonly type: "unproven"; readonly visit: Visit; readonly why: MorselError }
  /** Its address pays for something. */
  | { readonly type: "penalised"; readonly visit: Visit; readonly offence: Offence }
  /** A request has got its last reply. */
  | ({ readonly type: "answered"; readonly visit: Visit } & Answered)
  /** The token of a session is no longer good, which ends it. */
  | { readonly type: "tokenEnded"; readonly visit: Visit; readonly why: MorselError }
  | Disconnected
  /** Other certificates are shown from now on. */
  | { readonly type: "certificateChanged" }
  /** Stored data was found to be damaged. */
  | { readonly type: "damaged"; readonly why: string }
  /** Something is wrong with the server itself. */
  | { readonly type: "fault"; readonly error: unknown };

/** A connection has gone. */
export interface Disconnected {
  readonly type: "disconnected";
  readonly visit: Visit;
  /** What the session had failed for, if it had. */
  readonly why: MorselError | undefined;
  /** Whether the server was about to stop. */
  readonly isStopping: boolean;
}

/** Bytes that a connection has moved so far. */
export interface Traffic {
  readonly bytesRead: number;
  /** Both ways. */
  readonly bytesMoved: number;
}

/** What a session has under way. */
export interface Work {
  /** Uploads and downloads. */
  readonly transfers: number;
}

/** A connection that was let in, from then on until it has gone. */
export interface Visit extends Traffic, Work {
  /** Counted from 1 with each start. */
  readonly id: number;
  /** The other end, as `host:port`. */
  readonly remote: string;
  /** The name of its token once it is known, or of the one it tried and failed to prove. */
  readonly token: string | undefined;
  /** When it came, by the monotonic clock. */
  readonly begunMs: number;
}

/** What a request was about: the request itself, or what ends an upload together with what began it. */
export interface Subject {
  readonly type: MessageName;
  readonly name?: string;
  readonly from?: string;
  readonly to?: string;
  readonly upload?: Uint8Array;
  /** Bytes that have come for an upload over this connection. */
  readonly received?: number;
}

/** What came of a request. */
export interface Answered {
  readonly subject: Subject;
  /** The last reply; undefined where it is known to be the right one. */
  readonly reply?: Message;
  /** What that tells of, if it is an error and no wish of the client. */
  readonly error?: MorselError;
  /** When it began, by the monotonic clock; undefined where it was answered at once. */
  readonly begunMs?: number | undefined;
}
