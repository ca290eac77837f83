// The values of options, read and checked. Every mistake is a UsageError that names the option.

import { quote } from "../base/names.ts";
import type { Address } from "../runtime/connection.ts";
import { isLoopback } from "./address.ts";
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

/**
 * What `auto` is on loopback. It carries no packets of 1500 bytes that chunks would have to fit, and there a
 * larger chunk saves time on both sides; 32 KiB fit the smallest frame that a server may announce.
 */
const LOOPBACK_CHUNK = 32 * 1024;

/** The size of chunks that an option was given; undefined for the default, which is `auto` beyond loopback. */
export function chunkSize(
  options: ParsedOptions,
  name: string,
  { host }: Address,
): number | undefined {
  if (options.value(name) === "auto") return isLoopback(host) ? LOOPBACK_CHUNK : undefined;
  return wholeNumber(options, name, { least: 1, most: 1024 * 1024 });
}

/** What a rate or a size may be. */
export interface ByteRateRange {
  /** The lowest, in bytes, or bytes a second; 0 too is allowed where it means something. */
  least: number;
  /** What 0 means, as in `off`; without it there is no 0. */
  zero?: string;
}

/** Bytes a second, with K, M, G or T for as many times 1024; undefined when the option was not given. */
export function byteRate(
  options: ParsedOptions,
  name: string,
  range: ByteRateRange,
): number | undefined {
  return bytesOf(options, name, { ...range, what: "a rate such as 20M" });
}

/** A size in bytes, with K, M, G or T for as many times 1024; undefined when the option was not given. */
export function byteSize(
  options: ParsedOptions,
  name: string,
  range: ByteRateRange,
): number | undefined {
  return bytesOf(options, name, { ...range, what: "a size such as 20M" });
}

function bytesOf(
  options: ParsedOptions,
  name: string,
  range: ByteRateRange & { what: string },
): number | undefined {
  const text = options.value(name);
  if (text === undefined) return undefined;
  const match = /^(\d{1,15}(?:\.\d{1,3})?)([KMGT]?)$/i.exec(text);
  const value = match
    ? Math.floor(Number(match[1]) * 1024 ** " KMGT".indexOf(match[2]!.toUpperCase() || " "))
    : NaN;
  if (
    (value >= range.least && value <= Number.MAX_SAFE_INTEGER) ||
    (value === 0 && range.zero !== undefined)
  ) return value;
  const zero = range.zero === undefined ? "" : `, or 0 for ${range.zero}`;
  if (!(value <= Number.MAX_SAFE_INTEGER)) {
    throw new UsageError(`--${name} ${quote(text)} is not ${range.what}${zero}`);
  }
  const least = range.least % 1024 === 0 ? `${range.least / 1024}K` : `${range.least}`;
  throw new UsageError(`--${name} ${quote(text)} is below ${least}, the least there is${zero}`);
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** A time in minutes, hours, days or weeks, in milliseconds; undefined when the option was not given. */
export function duration(options: ParsedOptions, name: string): number | undefined {
  const text = options.value(name);
  if (text === undefined) return undefined;
  const match = /^([1-9]\d{0,4})([mhdw])$/.exec(text);
  if (match) return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  throw new UsageError(`--${name} ${quote(text)} is not a time such as 12h, 30d or 52w`);
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
