// The greetings: each side says its limits, the lower wins (PROTOCOL.md 4.1).

import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import {
  DEFAULT_LIMITS,
  GREETING_FRAME,
  type Limits,
  MIN_MAX_FRAME,
  MIN_PATIENCE_MS,
} from "./limits.ts";
import {
  DATA_HEADER_SIZE,
  DURABILITIES,
  MAGIC,
  type MessageOf,
  PROTOCOL_VERSION,
} from "./messages.ts";

/** What both sides keep to after the greetings. */
export interface Terms extends Limits {
  /** The version of the protocol that is spoken. */
  readonly version: number;
  /** The largest frame the client takes; `maxFrame` is the server's. */
  readonly clientMaxFrame: number;
  /** New with every start of the server, as hexadecimal digits. */
  readonly bootId: string;
}

/** The client's greeting. */
export function hello(): MessageOf<"Hello"> {
  const { maxFrame, idleMs, stallMs } = DEFAULT_LIMITS;
  const version = PROTOCOL_VERSION;
  return { type: "Hello", tag: 0, magic: MAGIC, version, maxFrame, idleMs, stallMs, features: {} };
}

/** What the server answers to a greeting. Throws `protocol`, or `version` when none is shared. */
export function welcome(
  greeting: MessageOf<"Hello">,
  { limits, bootId, features = {} }: {
    limits: Limits;
    bootId: Uint8Array;
    features?: Record<string, string>;
  },
): { reply: MessageOf<"Welcome">; terms: Terms } {
  checkMagic(greeting.magic);
  if (greeting.version < 1) {
    throw new MorselError(
      "version",
      `Version ${greeting.version} is not spoken here: this server speaks 1 to ${PROTOCOL_VERSION}`,
      { detail: { lowest: "1", highest: String(PROTOCOL_VERSION) } },
    );
  }
  checkFloors(greeting);
  const reply: MessageOf<"Welcome"> = {
    ...limits,
    type: "Welcome",
    tag: 0,
    magic: MAGIC,
    version: Math.min(greeting.version, PROTOCOL_VERSION),
    maxChunk: Math.min(limits.maxChunk, chunkRoom(greeting, limits)),
    idleMs: Math.min(limits.idleMs, greeting.idleMs),
    stallMs: Math.min(limits.stallMs, greeting.stallMs),
    durability: DURABILITIES.indexOf(limits.durability),
    bootId,
    features,
  };
  return { reply, terms: termsOf(greeting, reply) };
}

/** What a client may take for granted before it has read the greeting: one request of a small frame. */
export const EARLY_TERMS: Terms = {
  ...DEFAULT_LIMITS,
  version: PROTOCOL_VERSION,
  clientMaxFrame: DEFAULT_LIMITS.maxFrame,
  maxFrame: GREETING_FRAME,
  maxRequests: 1,
  maxUploads: 1,
  bootId: "",
};

/** What a client keeps to after the server's greeting. Throws `protocol` or `version`. */
export function termsOf(greeting: MessageOf<"Hello">, reply: MessageOf<"Welcome">): Terms {
  checkMagic(reply.magic);
  if (reply.version < 1 || reply.version > greeting.version) {
    throw new MorselError(
      "version",
      `The server answered with version ${reply.version}: this client speaks 1 to ${greeting.version}`,
    );
  }
  checkFloors(reply);
  checkRoom(greeting, reply);
  const { version, maxFrame, maxChunk, window, maxRequests, maxUploads, maxSessions } = reply;
  const { minRate, expiryMs } = reply;
  // Whatever it says: how long a server can make its client wait is the client's affair.
  const idleMs = Math.min(greeting.idleMs, reply.idleMs);
  const stallMs = Math.min(greeting.stallMs, reply.stallMs);
  return {
    version,
    clientMaxFrame: greeting.maxFrame,
    maxFrame,
    maxChunk,
    window,
    maxRequests,
    maxUploads,
    maxSessions,
    idleMs,
    stallMs,
    minRate,
    expiryMs,
    durability: DURABILITIES[reply.durability] ?? "relaxed",
    bootId: toHex(reply.bootId),
  };
}

/** The largest chunk that both sides take. */
function chunkRoom(
  greeting: { maxFrame: number },
  limits: { maxFrame: number; window: number },
): number {
  const frame = Math.min(limits.maxFrame, greeting.maxFrame) - DATA_HEADER_SIZE;
  // Two chunks fit the window, so that one can be on its way while the other is acknowledged.
  return Math.min(frame, Math.floor(limits.window / 2));
}

/** With no room for a request, an upload or a chunk a client would wait for some for ever. */
function checkRoom(greeting: MessageOf<"Hello">, reply: MessageOf<"Welcome">): void {
  for (const name of ["maxRequests", "maxUploads", "maxChunk"] as const) {
    const most = name === "maxChunk" ? chunkRoom(greeting, reply) : Infinity;
    if (reply[name] >= 1 && reply[name] <= most) continue;
    throw new MorselError(
      "protocol",
      `The greeting has ${name} ${reply[name]}, with which nothing can be done`,
      { detail: { limit: name, value: String(reply[name]) } },
    );
  }
}

function checkMagic(magic: number): void {
  if (magic === MAGIC) return;
  throw new MorselError("protocol", "The greeting does not begin with the magic of Morsel");
}

/** Below these a session could not work, or would do nothing but watch the clock. */
function checkFloors(greeting: { maxFrame: number; idleMs: number; stallMs: number }): void {
  for (
    const [name, least] of [
      ["maxFrame", MIN_MAX_FRAME],
      ["idleMs", MIN_PATIENCE_MS],
      ["stallMs", MIN_PATIENCE_MS],
    ] as const
  ) {
    if (greeting[name] >= least) continue;
    throw new MorselError(
      "protocol",
      `The greeting has ${name} ${greeting[name]}, under the ${least} that all must allow`,
      { detail: { limit: name, value: String(least) } },
    );
  }
}
