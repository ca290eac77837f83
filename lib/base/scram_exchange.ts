// The four messages of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802 section 5, PROTOCOL.md 4.15), from both
// ends. Neither end sends a secret, and each proves to the other that it knows it.

import type { ChannelBinding } from "./connection.ts";
import { MorselError } from "./errors.ts";
import {
  clientProof,
  isProof,
  isSame,
  SCRAM_ITERATIONS,
  type ScramKeys,
  scramKeys,
  serverSignature,
} from "./scram.ts";
import type { TokenParts } from "./token.ts";

/** The mechanisms, by their names in SASL. */
export const SCRAM = "SCRAM-SHA-256";
/** The same, bound to its TLS channel. */
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";

/** More rounds than these are a server's attempt to keep its client busy. */
const MOST_ITERATIONS = 100_000;
const encoder = new TextEncoder();

/** What a client knows of the channel: `y` where it could bind and was told that the server cannot. */
export type ClientBinding = ChannelBinding | "n" | "y";

/** The client's end of an exchange. */
export class ScramClient {
  readonly #token: TokenParts;
  readonly #gs2: string;
  readonly #binding: ClientBinding;
  readonly #nonce: string;
  #serverSignature: Uint8Array | undefined;

  /** The nonce is made here, and is given by tests alone. */
  constructor(token: TokenParts, binding: ClientBinding, nonce = newNonce()) {
    this.#token = token;
    this.#binding = binding;
    this.#gs2 = `${typeof binding === "string" ? binding : `p=${binding.type}`},,`;
    this.#nonce = nonce;
  }

  /** One that binds to this, with a nonce of its own; itself where it does already. */
  boundTo(binding: ClientBinding): ScramClient {
    return binding === this.#binding ? this : new ScramClient(this.#token, binding);
  }

  /** Which mechanism it speaks. */
  get mechanism(): string {
    return typeof this.#binding === "string" ? SCRAM : SCRAM_PLUS;
  }

  /** The client's first message. */
  first(): Uint8Array {
    return encoder.encode(this.#gs2 + this.#bare);
  }

  /** Its answer to the challenge. Throws `authentication` for one that is not to be answered. */
  async final(challenge: Uint8Array): Promise<Uint8Array> {
    const serverFirst = latin1(challenge);
    const match = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=(\d{1,9})$/.exec(serverFirst);
    const iterations = Number(match?.[3]);
    const isSound = match && match[1]!.startsWith(this.#nonce) &&
      match[1]!.length > this.#nonce.length &&
      iterations >= SCRAM_ITERATIONS && iterations <= MOST_ITERATIONS;
    if (!isSound) throw refused("The server's challenge is not one that a Morsel server makes");
    const keys = await scramKeys(this.#token.secret, { salt: fromBase64(match[2]!), iterations });
    const withoutProof = `c=${toBase64(bindingInput(this.#gs2, this.#binding))},r=${match[1]}`;
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`;
    this.#serverSignature = serverSignature(keys.serverKey, authMessage);
    return encoder.encode(`${withoutProof},p=${toBase64(clientProof(keys, authMessage))}`);
  }

  /** Throws `authentication` unless the server has proven that it knows the token. */
  verify(outcome: Uint8Array): void {
    const match = /^v=([A-Za-z0-9+/]{43}=)$/.exec(latin1(outcome));
    const expected = this.#serverSignature;
    if (match && expected && isSame(fromBase64(match[1]!), expected)) return;
    throw refused(
      "The server cannot prove that it knows the token: it is not the one that made it",
    );
  }

  get #bare(): string {
    return `n=${this.#token.name},r=${this.#nonce}`;
  }
}

/** What a server has for a name; for one that it does not know, keys that nobody can prove. */
export type KeysOf = (name: string) => ScramKeys;

/** What a server needs for an exchange. */
export interface ScramServerOptions {
  /** Of the channel, where it can be bound to. */
  readonly binding: ChannelBinding | undefined;
  readonly keysOf: KeysOf;
  /** Made here unless a test gives it. */
  readonly nonce?: string | undefined;
}

/** The server's end of an exchange. */
export class ScramServer {
  /** Who the client says it is. */
  readonly name: string;
  /** What is sent to the client. */
  readonly challenge: Uint8Array;
  readonly #keys: ScramKeys;
  readonly #withoutProof: string;
  readonly #authMessage: string;

  /** Reads the client's first message. Throws `protocol`, or `authentication` for a binding that is not ours. */
  constructor(mechanism: string, clientFirst: Uint8Array, options: ScramServerOptions) {
    const { binding, keysOf, nonce = newNonce() } = options;
    const match = /^((n|y|p=([a-z0-9.-]+)),,)(n=([^,]+),r=([!-+\--~]+))$/.exec(latin1(clientFirst));
    if (!match) throw malformed();
    const [, gs2, flag, type, bare, name, clientNonce] = match;
    insistOnBinding(mechanism, { flag: flag!, type }, binding);
    this.name = name!;
    this.#keys = keysOf(this.name);
    const { salt, iterations } = this.#keys;
    const challenge = `r=${clientNonce}${nonce},s=${toBase64(salt)},i=${iterations}`;
    this.challenge = encoder.encode(challenge);
    const bound = bindingInput(gs2!, type === undefined ? "n" : binding!);
    this.#withoutProof = `c=${toBase64(bound)},r=${clientNonce}${nonce}`;
    this.#authMessage = `${bare},${challenge},${this.#withoutProof}`;
  }

  /** The server's proof, if the client's is right; undefined if it is not. Throws `protocol`. */
  verify(clientFinal: Uint8Array): Uint8Array | undefined {
    const match = /^(c=[A-Za-z0-9+/=]+,r=[!-+\--~]+),p=([A-Za-z0-9+/]{43}=)$/
      .exec(latin1(clientFinal));
    if (!match) throw malformed();
    const { storedKey, serverKey } = this.#keys;
    const isRight = isProof(storedKey, this.#authMessage, fromBase64(match[2]!));
    if (!isRight || match[1] !== this.#withoutProof) return undefined;
    return encoder.encode(`v=${toBase64(serverSignature(serverKey, this.#authMessage))}`);
  }
}

/** Whether a client's first message binds its proof to a channel that is not this one. */
export function bindsElsewhere(
  mechanism: string,
  clientFirst: Uint8Array,
  binding: ChannelBinding | undefined,
): boolean {
  if (mechanism !== SCRAM_PLUS) return false;
  const type = /^p=([a-z0-9.-]+),,/.exec(latin1(clientFirst))?.[1];
  return type !== undefined && type !== binding?.type;
}

/** What a server with or without a bound channel offers, the best first. */
export function offeredMechanisms(binding: ChannelBinding | undefined): string {
  return binding ? `${SCRAM_PLUS} ${SCRAM}` : SCRAM;
}

/** Throws unless the client binds as it says, and has not been told that this server cannot. */
function insistOnBinding(
  mechanism: string,
  { flag, type }: { flag: string; type: string | undefined },
  binding: ChannelBinding | undefined,
): void {
  if (mechanism !== SCRAM && mechanism !== SCRAM_PLUS) {
    throw refused(`This server offers ${offeredMechanisms(binding)}, but not what was asked for`);
  }
  if ((mechanism === SCRAM_PLUS) !== (type !== undefined)) throw malformed();
  if (flag === "y" && binding) {
    throw refused("Somebody on the way has hidden that this server binds tokens to the channel");
  }
  if (type !== undefined && type !== binding?.type) {
    throw refused(`This server cannot bind to the channel by ${type}`);
  }
}

function bindingInput(gs2: string, binding: ClientBinding): Uint8Array {
  const header = encoder.encode(gs2);
  if (typeof binding === "string") return header;
  const input = new Uint8Array(header.length + binding.data.length);
  input.set(header);
  input.set(binding.data, header.length);
  return input;
}

/** 144 random bits in characters that SCRAM allows. */
function newNonce(): string {
  return toBase64(crypto.getRandomValues(new Uint8Array(18)));
}

function malformed(): MorselError {
  return new MorselError("protocol", "What was sent to prove a token is not a message of SCRAM");
}

function refused(message: string): MorselError {
  return new MorselError("authentication", message);
}

/** All that is allowed in these messages is ASCII; anything else fails to match. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 2048));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The bytes; none where it is not base64, which then is the wrong proof or salt. */
function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}
