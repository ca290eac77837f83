// An attack and what comes of it: what the peer sees, how soon it is out, and how an honest client fares
// meanwhile.

import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { errorCodeOf } from "../../lib/base/errors.ts";
import type { Limits } from "../../lib/protocol/limits.ts";
import type { MessageOf } from "../../lib/protocol/messages.ts";
import type { RawPeer } from "../support/raw_peer.ts";
import { HonestClient } from "./honest_client.ts";
import type { Guest, Stage } from "./stage.ts";

/** What a hostile peer does, and what must come of it. */
export interface Attack {
  /** What it does, as it stands in the table. */
  readonly name: string;
  /** What it must see: an error code with its detail in brackets, or `closed`, or that the session lives. */
  readonly sees: string;
  /** The longest until it sees that, in milliseconds; a second where nothing is waited for. */
  readonly within?: (limits: Limits) => number;
  /** What must be there before; its time does not count. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Does it; returns what the peer saw. Afterwards the connection is closed, if the server has not done so. */
  act(guest: Guest, stage: Stage): Promise<string>;
}

/** What came of an attack. */
export interface Outcome {
  readonly name: string;
  readonly sees: string;
  /** Until the peer saw it, by the stage's clock. */
  readonly afterMs: number;
  /** Files that an honest client put, got and compared meanwhile. */
  readonly honest: number;
  /** The longest that one of them took, in real milliseconds. */
  readonly slowestMs: number;
}

/** A second: an attack that needs no patience is answered at once, also on a busy machine. */
const AT_ONCE_MS = 1000;
/** Twice ten seconds, for the greeting and for the proof, both noticed up to a quarter late, and the parting. */
const UNKNOWN_MS = 28_000;
/** What a machine that does other things meanwhile may add to a real time. */
const LATE_MS = { memory: 50, tcp: 3000 } as const;
/** Longer than the server waits for a peer's own end, late as it may notice that. */
const LINGER_MS = 5000;

/** Carries an attack out and holds it against what must come of it. */
export function carryOut(attack: Attack, stage: Stage): Promise<Outcome> {
  return stage.during(act(attack, stage));
}

async function act(attack: Attack, stage: Stage): Promise<Outcome> {
  const { kind, clock, limits, sessions } = stage;
  await using honest = await HonestClient.start(stage);
  await attack.prepare?.(stage);
  const guest = await stage.open();
  const startedMs = clock.monotonicMs();
  const acting = stage.asksForToken ? actUnknown(attack, guest, stage) : attack.act(guest, stage);
  const sees = await acting.finally(() => guest.peer.connection.close());
  const afterMs = clock.monotonicMs() - startedMs;
  const { count, slowestMs } = await honest.stop();
  await guest.gone;
  await settledTo(stage, sessions);
  const mostMs = stage.asksForToken ? UNKNOWN_MS : attack.within?.(limits) ?? AT_ONCE_MS;
  if (!stage.asksForToken) assertEquals(sees, attack.sees);
  assertLessOrEqual(afterMs, mostMs + LATE_MS[kind]);
  assertGreater(count, 0, "the honest client was kept from its work");
  assertEquals(stage.faults, [], "the server met a fault of its own");
  return { name: attack.name, sees, afterMs, honest: count, slowestMs };
}

/**
 * The same by a stranger, who has no token: whatever it is about, it is put out before it gets anywhere. Returns the
 * last words that it was told.
 */
async function actUnknown(attack: Attack, guest: Guest, stage: Stage): Promise<string> {
  const { peer, gone } = guest;
  // It seldom comes to what the attack is about, which its own words then complain of.
  const told = await attack.act(guest, stage).catch(() => undefined);
  assert(!told?.includes("lives"), "a stranger has a session");
  if (peer.lastWords) return describe(peer.lastWords);
  return told ?? await Promise.race([putOut(peer), gone]) ?? "closed";
}

/** Waits until the peer is put out; returns how. */
export async function putOut(peer: RawPeer): Promise<string> {
  try {
    for (let message = await peer.next(); message; message = await peer.next()) {
      if (message.type === "Error" && message.tag === 0) return describe(message);
    }
  } catch {
    // A connection that was reset under what the peer had sent.
  }
  return "closed";
}

/** The Error that this request gets, and that the session lives behind it. */
export async function refused(peer: RawPeer, tag: number): Promise<string> {
  for (let message = await peer.next(); message; message = await peer.next()) {
    if (message.type !== "Error") continue;
    assertEquals(message.tag, tag);
    return `${describe(message)}, the session lives${await lives(peer)}`;
  }
  return "closed";
}

/** Empty, if the session still answers. */
export async function lives(peer: RawPeer): Promise<""> {
  await peer.send({ type: "Ping", tag: 77 });
  for (let message = await peer.next(); message?.type !== "Pong"; message = await peer.next()) {
    assert(message, "the session has ended");
  }
  return "";
}

/** Sends bytes one by one, with a pause behind each, until all are sent or the peer is out. */
export async function drip(
  { peer, gone }: Guest,
  bytes: Uint8Array,
  { everyMs, clock }: { everyMs: number; clock: Stage["clock"] },
): Promise<void> {
  let isOut = false;
  void gone.then(() => isOut = true);
  for (let index = 0; index < bytes.length && !isOut; index++) {
    void peer.sendBytes(bytes.subarray(index, index + 1));
    await new Promise<void>((resolve) => clock.timer(everyMs, resolve));
  }
}

function describe({ code, detail }: MessageOf<"Error">): string {
  const { what, limit, received } = detail;
  const fact = what ?? limit ?? (received && `received ${received}`);
  return `${errorCodeOf(code)}${fact ? ` (${fact})` : ""}`;
}

/** Waits until the server holds as many connections as before; bounded by the linger of the last ones. */
async function settledTo(stage: Stage, sessions: number): Promise<void> {
  const { clock } = stage;
  for (let waitedMs = 0; stage.sessions !== sessions; waitedMs += 50) {
    assert(waitedMs <= LINGER_MS, `${stage.sessions} connections are held, not ${sessions}`);
    await new Promise<void>((resolve) => clock.timer(50, resolve));
  }
}
