// What wrk says, as figures.

import type { LoadReport } from "./load_count.ts";

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

/** The figures in the output of `wrk --latency`. Throws where it says of failed requests, or nothing. */
export function parseWrk(output: string): LoadReport {
  // Requests that took longer than two seconds are in the quantiles; wrk calls them timeouts besides.
  const failed = /^ *(Non-2xx or 3xx responses|Socket errors:.*(connect|read|write) [1-9]).*$/m
    .exec(output);
  if (failed) throw new Error(`wrk has had failed requests: ${failed[0].trim()}`);
  const rate = /^Requests\/sec: +([\d.]+)$/m.exec(output)?.[1];
  const requests = /^ +(\d+) requests in /m.exec(output)?.[1];
  if (rate === undefined || requests === undefined) {
    throw new Error("wrk has not said how many requests were answered");
  }
  return {
    requests: Number(requests),
    requestsPerSecond: Number(rate),
    p50Us: latency(output, 50),
    p99Us: latency(output, 99),
  };
}

function latency(output: string, percent: number): number {
  const [, value, unit] = new RegExp(`^ +${percent}% +([\\d.]+)(us|ms|s)$`, "m").exec(output) ?? [];
  if (value === undefined || unit === undefined) {
    throw new Error(`wrk has not said how long ${percent}% of the requests took`);
  }
  return Number(value) * MICROSECONDS[unit]!;
}
