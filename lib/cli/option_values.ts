// The values of options, read and checked. Every mistake is a UsageError that names the option.

import { quote } from "../base/names.ts";
import type { ParsedOptions } from "./arguments.ts";
import { UsageError } from "./failure.ts";

/** What a whole number may be. */
export interface WholeNumberRange {
  least: number;
  most: number;
}

/** The whole number that an option was given; undefined when it was not. */
export function wholeNumber(
  options: ParsedOptions,
  name: string,
  range: WholeNumberRange,
): number | undefined {
  const text = options.value(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= range.least && value <= range.most) return value;
  const allowed = range.most === Number.MAX_SAFE_INTEGER
    ? `a whole number from ${range.least} on`
    : `a whole number from ${range.least} to ${range.most}`;
  throw new UsageError(`--${name} ${quote(text)} is not ${allowed}`);
}

/** The values of an option that repeats, each `KEY=VALUE`, as a record. */
export function keyValues(options: ParsedOptions, name: string): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const text of options.values(name)) {
    const equals = text.indexOf("=");
    if (equals < 1) throw new UsageError(`--${name} ${quote(text)} is not KEY=VALUE`);
    const key = text.slice(0, equals);
    if (pairs.has(key)) throw new UsageError(`--${name} ${quote(key)} is given twice; keep one`);
    pairs.set(key, text.slice(equals + 1));
  }
  // From a map, so that the key `__proto__` is a key like any other.
  return Object.fromEntries(pairs);
}

/** The range `START-END` or `START-` that an option was given; END is exclusive. */
export function byteRange(
  options: ParsedOptions,
  name: string,
): { start?: number; end?: number } {
  const text = options.value(name);
  if (text === undefined) return {};
  const match = /^(\d{1,16})-(\d{1,16})?$/.exec(text);
  const start = Number(match?.[1]);
  const end = match?.[2] === undefined ? undefined : Number(match[2]);
  if (!match || !Number.isSafeInteger(start) || !Number.isSafeInteger(end ?? 0)) {
    throw new UsageError(
      `--${name} ${quote(text)} is not START-END; bytes 0 up to, not including, 100 are 0-100`,
    );
  }
  if (end !== undefined && end < start) {
    throw new UsageError(`--${name} ${quote(text)} ends before it starts; swap the two numbers`);
  }
  return { start, ...(end !== undefined && { end }) };
}
