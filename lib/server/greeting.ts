// The beginning of a session: the greetings, and who it is that asks (PROTOCOL.md 4.1 and 4.15). What a
// stranger sends is small, and is waited for under a deadline of its own.

import { MorselError } from "../base/errors.ts";
import { EVERYBODY, type Principal } from "../base/principal.ts";
import { bindsElsewhere, offeredMechanisms, ScramServer } from "../base/scram_exchange.ts";
import type { UnknownMessage } from "../protocol/codec.ts";
import type { FrameConnection } from "../protocol/frame_connection.ts";
import { type Terms, welcome } from "../protocol/handshake.ts";
import { GREETING_FRAME, type Limits } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import { tokenNeeded, type TokenWatch } from "./token_watch.ts";
import type { Visitor } from "./visitor.ts";

/** What greeting needs. */
export interface GreetingContext {
  readonly limits: Limits;
  readonly bootId: Uint8Array;
  /** Who is let in; without it, everybody. */
  readonly tokens?: TokenWatch | undefined;
  /** The server's part of the nonce, for tests. */
  readonly nonce?: string | undefined;
  /** Told of what the other end does; without it nobody is. */
  readonly visitor?: Visitor | undefined;
}

/** What was agreed on, and with whom. */
export interface Greeted {
  readonly terms: Terms;
  readonly principal: Principal;
}

/** Exchanges greetings and lets the client prove who it is; undefined when it left before. */
export async function greet(
  frames: FrameConnection,
  context: GreetingContext,
): Promise<Greeted | undefined> {
  const message = await frames.waitFor("greeting", next(frames));
  if (!message) return undefined;
  if (message.type !== "Hello") {
    throw new MorselError("protocol", `A session begins with Hello, not with ${message.type}`);
  }
  const { tokens } = context;
  const asks = tokens !== undefined && !tokens.tokens.isEmpty;
  const features = asks ? featuresOf(frames) : {};
  const { reply, terms } = welcome(message, { ...context, features });
  // Whoever is not known yet sends no larger frames than before.
  frames.agree(terms, asks ? GREETING_FRAME : terms.maxFrame);
  await frames.writer.send(reply);
  if (!asks) {
    context.visitor?.prove(EVERYBODY);
    return { terms, principal: EVERYBODY };
  }
  const principal = await frames.waitFor("authentication", authenticate(frames, tokens, context));
  if (!principal) return undefined;
  frames.agree(terms, terms.maxFrame);
  context.visitor?.prove(principal);
  return { terms, principal };
}

function featuresOf({ channelBinding }: FrameConnection): Record<string, string> {
  const auth = offeredMechanisms(channelBinding);
  return channelBinding ? { auth, binding: channelBinding.type } : { auth };
}

/** One attempt: whoever fails has to connect anew. */
async function authenticate(
  frames: FrameConnection,
  watch: TokenWatch,
  { nonce, visitor }: GreetingContext,
): Promise<Principal | undefined> {
  const binding = frames.channelBinding;
  let request = await next(frames);
  // It may have been sent behind Hello, when the client could not know yet what it can bind to.
  if (
    request?.type === "Authenticate" && bindsElsewhere(request.mechanism, request.data, binding)
  ) {
    request = await next(frames);
  }
  if (!request) return undefined;
  if (request.type !== "Authenticate") throw tokenNeeded();
  const { tokens } = watch;
  const keysOf = (name: string) => tokens.keysOf(name);
  const scram = new ScramServer(request.mechanism, request.data, { binding, keysOf, nonce });
  await frames.writer.send({ type: "Challenge", tag: 0, data: scram.challenge });
  const answer = await next(frames);
  if (!answer) return undefined;
  if (answer.type !== "Response") {
    throw new MorselError("protocol", `A Challenge is answered by Response, not ${answer.type}`);
  }
  const data = scram.verify(answer.data);
  // In any case: whether there is a token of that name must not show in the steps that a refusal takes.
  const token = tokens.find(scram.name);
  // Of no others: what stands in the place of a name may be a secret that was put there by mistake.
  if (token) visitor?.claim(token.name);
  if (!data || !token) {
    visitor?.fail();
    throw new MorselError("authentication", "The token is not one of this server");
  }
  // Only whoever has proven to know it is told what became of it.
  const refusal = watch.refusalOf(token);
  if (refusal) throw refusal;
  await frames.writer.send({ type: "Authenticated", tag: 0, data });
  return token;
}

/** The next message; undefined when the other end has left. */
export async function next(
  frames: FrameConnection,
): Promise<Message | UnknownMessage | undefined> {
  for (;;) {
    const message = frames.take();
    if (message) return message;
    if (!await frames.fill()) return undefined;
  }
}
