// The beginning of a connection, from the client's end: the greetings, and the proof of a token on both sides
// (PROTOCOL.md 4.1 and 4.15). On plain TCP nothing else is sent before the server has proven that it knows the token;
// inside TLS its certificate says who it is, so that a request may follow our own proof.

import type { Clock } from "../base/clock.ts";
import type { ChannelBinding } from "../base/connection.ts";
import { errorCodeOf, MorselError } from "../base/errors.ts";
import { type ClientBinding, SCRAM, SCRAM_PLUS, ScramClient } from "../base/scram_exchange.ts";
import { parseToken } from "../base/token.ts";
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

/** What greeting needs. */
export interface GreetOptions {
  readonly clock: Clock;
  readonly token?: string | undefined;
  /** Called where a request may go out behind the proof of the token, before the server's own has come. */
  readonly onProofSent: () => void;
}

/** Greets, and proves the token if there is one. */
export async function greet(
  frames: FrameConnection,
  { clock, token, onProofSent }: GreetOptions,
): Promise<Greeted> {
  // Of the token what comes first is known already, unless the server turns out to bind to something else.
  const early = token === undefined
    ? undefined
    : new ScramClient(parseToken(token), frames.channelBinding ?? "n");
  const greeting = hello();
  const end = frames.begin("greeting");
  const startMs = clock.monotonicMs();
  frames.post(greeting);
  if (early) frames.post(firstOf(early)); // which saves a round trip
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
  checkAsked(message, early !== undefined);
  if (!early) return { terms, greetingMs };
  const proof = early.boundTo(sharedBinding(message, frames.channelBinding));
  if (proof !== early) frames.post(firstOf(proof));
  await frames.waitFor("authentication", prove(frames, proof, onProofSent));
  return { terms, greetingMs };
}

/** An Error message as the error it tells of. */
export function errorOf({ code, text, detail }: MessageOf<"Error">): MorselError {
  return new MorselError(errorCodeOf(code), text, { detail: { ...detail } });
}

/** Throws `authentication` unless a token is asked for by the server and there is one, or neither. */
function checkAsked({ features }: MessageOf<"Welcome">, hasToken: boolean): void {
  const isAsked = features.auth !== undefined;
  if (isAsked === hasToken) return;
  throw refused(
    isAsked
      ? "The server asks for a token"
      : "The server asks for no token, so it cannot prove that it is the right one; " +
        "leave the token away to talk to it all the same",
  );
}

/** What the proof is bound to with this server, by what both ends can. */
function sharedBinding(
  { features }: MessageOf<"Welcome">,
  own: ChannelBinding | undefined,
): ClientBinding {
  const offered = features.auth!.split(" ");
  if (own && offered.includes(SCRAM_PLUS)) {
    // Runtimes differ in what they can bind to; where the ends have nothing in common they go without.
    return own.type === features.binding ? own : "n";
  }
  if (offered.includes(SCRAM)) return own ? "y" : "n";
  throw refused("The server proves tokens in ways that this client does not know");
}

async function prove(
  frames: FrameConnection,
  proof: ScramClient,
  onProofSent: () => void,
): Promise<void> {
  const challenge = await nextOf(frames, "Challenge");
  frames.post({ type: "Response", tag: 0, data: await proof.final(challenge.data) });
  // It is the server that its certificate names, so that it may see what is asked of it.
  if (frames.channelBinding) onProofSent();
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
