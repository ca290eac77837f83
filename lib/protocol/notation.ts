// Messages in the notation of PROTOCOL.md, for `--trace`, the document and the transcripts: one spelling.

import { toHex } from "../base/hex.ts";
import { quote } from "../base/names.ts";
import { type Message, type MessageName, type MessageRule, MESSAGES } from "./messages.ts";

/** The format line of a message: `size[4] Stat tag[4] name[s]`. */
export function formatLine(name: MessageName): string {
  const { line } = MESSAGES[name];
  return `size[4] ${name} tag[4]${line && ` ${line}`}`;
}

/** A message with its values: `Stat tag 7 name "a.txt"`. Payloads are shown by their size alone. */
export function describe(message: Message): string {
  const { fields } = MESSAGES[message.type] as MessageRule;
  const values = message as unknown as Record<string, unknown>;
  const shown = fields.map(({ name, kind }) => {
    const value = values[name];
    if (kind === "rest") return `${name} (${(value as Uint8Array).length} bytes)`;
    return `${name} ${describeValue(value)}`;
  });
  return [`${message.type} tag ${message.tag}`, ...shown].join(" ");
}

function describeValue(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === "object") {
    const pairs = Object.entries(value as Record<string, string>);
    return `{${pairs.map(([key, text]) => `${quote(key)} ${quote(text)}`).join(", ")}}`;
  }
  return String(value);
}
