// The beginning of a connection, from the client's end: the greetings, and the proof of a token on both sides
// (PROTOCOL.md 4.1 and 4.15). Nothing else is sent before the server has proven that it knows the token.

import type { Clock } from "../base/clock.ts";
import { errorCodeOf, MorselError } from "../base/errors.ts";
import { SCRAM, SCRAM_PLUS, ScramClient } from "../base/scram_exchange.ts";
import { parseToken, type TokenParts } from "../base/token.ts";
import type { UnknownMessage } from "../protocol/codec.ts";
import type { FrameConnection } from "../protocol/frame_connection.ts";
import { hello, type Terms, termsOf } from "../protocol/handshake.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { foreignPeer, silentPeer } from "./foreign_peer.ts";

/** What came of greeting. */
export interface Greeted {
  /** What both sides keep to. */
  readonly terms: Terms;
  /** How long the server took to greet, in milliseconds: a round trip. The proof is not in it. */
  readonly greetingMs: number;
}

/** Greets, and proves the token if there is one. */
export async function greet(
  frames: FrameConnection,
  { clock, token }: { clock: Clock; token?: string | undefined },
): Promise<Greeted> {
  const parts = token === undefined ? undefined : parseToken(token);
  const greeting = hello();
  const end = frames.begin("greeting");
  const startMs = clock.monotonicMs();
  frames.post(greeting);
  // Where there is no channel to bind to, what comes next is known already: that saves a round trip.
  const early = parts && !frames.channelBinding ? new ScramClient(parts, "n") : undefined;
  if (early) frames.post(firstOf(early));
  let message: Message | UnknownMessage;
  try {
    message = await next(frames);
  } catch (thrown) {
    throw foreignPeer(frames.untaken) ?? silentPeer(thrown, frames.bytesRead);
  }
  end();
  const greetingMs = clock.monotonicMs() - startMs;
  if (message.type === "Error") throw errorOf(message);
  if (message.type !== "Welcome") throw foreignPeer(undefined);
  const terms = termsOf(greeting, message);
  frames.agree(terms, greeting.maxFrame);
  const proof = proofFor(message, { parts, early, frames });
  if (!proof) return { terms, greetingMs };
  if (!early) frames.post(firstOf(proof));
  await frames.waitFor("authentication", prove(frames, proof));
  return { terms, greetingMs };
}

/** An Error message as the error it tells of. */
export function errorOf({ code, text, detail }: MessageOf<"Error">): MorselError {
  return new MorselError(errorCodeOf(code), text, { detail: { ...detail } });
}

/** How the token is to be proven to this server; undefined where neither side has one. */
function proofFor(
  { features }: MessageOf<"Welcome">,
  { parts, early, frames }: {
    parts: TokenParts | undefined;
    early: ScramClient | undefined;
    frames: FrameConnection;
  },
): ScramClient | undefined {
  const offered = features.auth?.split(" ");
  if (!offered) {
    if (!parts) return undefined;
    throw refused(
      "The server asks for no token, so it cannot prove that it is the right one; " +
        "leave the token away to talk to it all the same",
    );
  }
  if (!parts) throw refused("The server asks for a token");
  if (early) {
    if (offered.includes(SCRAM)) return early;
    throw refused("The server proves tokens in ways that this client does not know");
  }
  const { channelBinding } = frames;
  if (!offered.includes(SCRAM_PLUS)) return new ScramClient(parts, "y");
  // Runtimes differ in what they can bind to; where the ends have nothing in common they go without.
  const isShared = channelBinding!.type === features.binding;
  return new ScramClient(parts, isShared ? channelBinding! : "n");
}

async function prove(frames: FrameConnection, proof: ScramClient): Promise<void> {
  const challenge = await nextOf(frames, "Challenge");
  frames.post({ type: "Response", tag: 0, data: await proof.final(challenge.data) });
  proof.verify((await nextOf(frames, "Authenticated")).data);
}

function firstOf(proof: ScramClient): Message {
  return { type: "Authenticate", tag: 0, mechanism: proof.mechanism, data: proof.first() };
}

async function nextOf<Name extends "Challenge" | "Authenticated">(
  frames: FrameConnection,
  type: Name,
): Promise<MessageOf<Name>> {
  const message = await next(frames);
  if (message.type === "Error") throw errorOf(message);
  if (message.type === type) return message as MessageOf<Name>;
  throw new MorselError("protocol", `The server sent ${message.type} in place of ${type}`);
}

async function next(frames: FrameConnection): Promise<Message | UnknownMessage> {
  for (;;) {
    const message = frames.take();
    if (message) return message;
    if (await frames.fill()) continue;
    throw new MorselError("connection", "The server closed the connection");
  }
}

function refused(message: string): MorselError {
  return new MorselError("authentication", message);
}
