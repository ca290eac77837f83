// Reads messages written in the notation of PROTOCOL.md, the way `describe` writes them. Where a test
// cannot know a value it may stand as `*` (anything) or `$name` (anything, but the same everywhere).

import { fromHex, toHex } from "../../lib/base/hex.ts";
import { MerkleHasher } from "../../lib/base/merkle.ts";
import type { FieldKind } from "../../lib/protocol/fields.ts";
import {
  type Message,
  type MessageName,
  type MessageRule,
  MESSAGES,
} from "../../lib/protocol/messages.ts";

/** What one field has to be. */
export type Expected =
  | { readonly is: "exactly"; readonly value: unknown }
  | { readonly is: "any" }
  | { readonly is: "variable"; readonly name: string }
  | { readonly is: "length"; readonly length: number };

/** A line of notation: a message, or what a message has to look like. */
export interface Pattern {
  readonly type: MessageName;
  readonly tag: number;
  readonly fields: readonly { readonly name: string; readonly expected: Expected }[];
}

/** The values that `$name` stands for. */
export type Variables = Map<string, unknown>;

/** Reads one line of notation. Every field stands in it, in the order of the table. */
export function parsePattern(line: string): Pattern {
  const tokens = new Tokens(line);
  const type = tokens.next() as MessageName;
  const rule = MESSAGES[type] as MessageRule | undefined;
  if (!rule) throw new SyntaxError(`No message is called ${type} in: ${line}`);
  tokens.expect("tag");
  const tag = Number(tokens.next());
  const fields = rule.fields.map(({ name, kind }) => {
    tokens.expect(name);
    return { name, expected: expectedOf(kind, tokens) };
  });
  tokens.expectEnd();
  return { type, tag, fields };
}

/** The message that a line of notation spells out. Throws when a value in it is not known. */
export function parseMessage(line: string, variables: Variables = new Map()): Message {
  const { type, tag, fields } = parsePattern(line);
  const message: Record<string, unknown> = { type, tag };
  for (const { name, expected } of fields) {
    const known = expected.is === "exactly"
      ? expected.value
      : expected.is === "variable"
      ? variables.get(expected.name)
      : undefined;
    if (known === undefined) throw new SyntaxError(`The field ${name} has no value in: ${line}`);
    message[name] = known;
  }
  return message as unknown as Message;
}

/** Why a message is not what the pattern asks for; undefined if it is. Gives variables their values. */
export function mismatch(
  pattern: Pattern,
  message: { readonly type: string; readonly tag: number },
  variables: Variables = new Map(),
): string | undefined {
  if (message.type !== pattern.type) return `it is no ${pattern.type}`;
  if (message.tag !== pattern.tag) return `its tag is not ${pattern.tag}`;
  const values = message as unknown as Record<string, unknown>;
  for (const { name, expected } of pattern.fields) {
    const value = values[name];
    if (expected.is === "any") continue;
    if (expected.is === "length") {
      const { length } = value as Uint8Array;
      if (length !== expected.length) return `${name} has ${length} bytes`;
      continue;
    }
    if (expected.is === "variable" && !variables.has(expected.name)) {
      // A payload is a view that its reader uses again.
      variables.set(expected.name, value instanceof Uint8Array ? value.slice() : value);
    }
    const wanted = expected.is === "exactly" ? expected.value : variables.get(expected.name);
    if (plain(value) !== plain(wanted)) return `${name} is ${plain(value)}, not ${plain(wanted)}`;
  }
  return undefined;
}

/** The bytes that `text` names: `"text"`, `hex:00ff`, or `fill(16, 0)`, 16 bytes of 0. */
export function parseBytes(text: string): Uint8Array {
  return bytesOf(new Tokens(text));
}

function expectedOf(kind: FieldKind, tokens: Tokens): Expected {
  if (tokens.skip("*")) return { is: "any" };
  if (tokens.peek()?.startsWith("$")) return { is: "variable", name: tokens.next().slice(1) };
  if (kind === "rest" && tokens.skip("(")) {
    const length = Number(tokens.next());
    tokens.expect("bytes");
    tokens.expect(")");
    return { is: "length", length };
  }
  return { is: "exactly", value: valueOf(kind, tokens) };
}

function valueOf(kind: FieldKind, tokens: Tokens): unknown {
  switch (kind) {
    case "1":
    case "2":
    case "4":
    case "8": {
      const token = tokens.next();
      const value = Number(token);
      if (!Number.isSafeInteger(value)) throw new SyntaxError(`"${token}" is not a number`);
      return value;
    }
    case "16":
    case "32":
      return tokens.skip("merkle") ? digestOf(tokens) : fromHex(tokens.next());
    case "s":
      return stringOf(tokens);
    case "m":
      return mapOf(tokens);
    case "rest":
      return bytesOf(tokens);
    default:
      return kind satisfies never;
  }
}

function digestOf(tokens: Tokens): Uint8Array {
  tokens.expect("(");
  const hasher = new MerkleHasher();
  hasher.update(bytesOf(tokens));
  tokens.expect(")");
  return hasher.digest();
}

function stringOf(tokens: Tokens): string {
  if (!tokens.skip("repeat")) return JSON.parse(tokens.next());
  tokens.expect("(");
  const text: string = JSON.parse(tokens.next());
  tokens.expect(",");
  const count = Number(tokens.next());
  tokens.expect(")");
  return text.repeat(count);
}

function mapOf(tokens: Tokens): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  tokens.expect("{");
  while (!tokens.skip("}")) {
    const key = stringOf(tokens);
    map[key] = stringOf(tokens);
    tokens.skip(",");
  }
  return map;
}

function bytesOf(tokens: Tokens): Uint8Array {
  if (tokens.skip("fill")) {
    tokens.expect("(");
    const size = Number(tokens.next());
    tokens.expect(",");
    const byte = Number(tokens.next());
    tokens.expect(")");
    return new Uint8Array(size).fill(byte);
  }
  if (tokens.peek()?.startsWith("hex:")) return fromHex(tokens.next().slice(4));
  return new TextEncoder().encode(stringOf(tokens));
}

/** A value as text that is equal for equal values. */
function plain(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort());
}

/** The words, strings and marks of a line; `#` outside a string begins a comment. */
class Tokens {
  readonly #line: string;
  readonly #tokens: string[] = [];
  #index = 0;

  constructor(line: string) {
    this.#line = line;
    const token = /\s*("(?:[^"\\]|\\.)*"|#.*|[{}(),*]|[^\s{}(),*"#]+)/uy;
    for (let match; (match = token.exec(line)) !== null;) {
      if (match[1]!.startsWith("#")) break;
      this.#tokens.push(match[1]!);
    }
  }

  peek(): string | undefined {
    return this.#tokens[this.#index];
  }

  next(): string {
    const token = this.#tokens[this.#index++];
    if (token === undefined) throw new SyntaxError(`The line is too short: ${this.#line}`);
    return token;
  }

  skip(token: string): boolean {
    if (this.peek() !== token) return false;
    this.#index++;
    return true;
  }

  expect(token: string): void {
    const found = this.next();
    if (found !== token) {
      throw new SyntaxError(`"${found}" stands where "${token}" belongs in: ${this.#line}`);
    }
  }

  expectEnd(): void {
    const found = this.peek();
    if (found !== undefined) throw new SyntaxError(`"${found}" is too much in: ${this.#line}`);
  }
}
