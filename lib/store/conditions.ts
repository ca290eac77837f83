// When a condition on a name holds, and other refusals. Every catalog engine decides by these functions.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { Condition } from "./catalog.ts";

/**
 * Throws `conflict` unless `condition` holds where the name has the version `current`, undefined when
 * there is no such file. The detail `current` carries that version, 0 for none.
 */
export function insistOn(condition: Condition, name: string, current: number | undefined): void {
  if (condition.kind === "any") return;
  const problem = problemOf(condition, quote(name), current);
  if (problem === undefined) return;
  throw new MorselError("conflict", problem, { detail: { current: String(current ?? 0) } });
}

function problemOf(
  condition: Exclude<Condition, { kind: "any" }>,
  name: string,
  current: number | undefined,
): string | undefined {
  switch (condition.kind) {
    case "absent":
      if (current === undefined) return undefined;
      return `The file ${name} exists already, in version ${current}`;
    case "version":
      if (current === condition.version) return undefined;
      return current === undefined
        ? `The file ${name} does not exist, and version ${condition.version} was expected`
        : `The file ${name} has version ${current}, and version ${condition.version} was expected`;
    default:
      return condition satisfies never;
  }
}

/** The error for a name that no file has. */
export function notFound(name: string): MorselError {
  return new MorselError("not_found", `There is no file ${quote(name)}`);
}

/** The error for a version of a name that is not there any more; `what` became of it, as in `removed`. */
export function goneVersion(name: string, version: number, what: string): MorselError {
  return new MorselError("gone", `Version ${version} of ${quote(name)} was ${what}`);
}

/** The error for an upload that there is not. */
export function noUpload(id: string): MorselError {
  return new MorselError("not_found", `There is no unfinished upload ${id}`);
}

/** The error for whoever has lost an upload to another, or to its end. */
export function fenced(id: string): MorselError {
  return new MorselError("fenced", `The upload ${id} has been taken over or has ended elsewhere`);
}

/**
 * Throws `gone` unless a log that keeps the changes from `first` to `last` has all that come behind `since`.
 * The details `first` and `last` carry these two.
 */
export function insistOnKept(
  since: number,
  { first, last }: { first: number; last: number },
): void {
  if (since >= first - 1 && since <= last) return;
  const problem = since > last
    ? `There is no change ${since} here, the last one is ${last}`
    : `The changes after ${since} are not kept any more, only those from ${first} on`;
  throw new MorselError("gone", `${problem}; list the files again and watch from now on`, {
    detail: { first: String(first), last: String(last) },
  });
}
