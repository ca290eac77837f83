// A token as people hold it: `morsel_NAME_SECRET`. The name travels with it, and the form is easy to search for
// where it does not belong, such as in logs and repositories.

import { MorselError } from "./errors.ts";

/** What a token is made of. */
export interface TokenParts {
  readonly name: string;
  /** 256 random bits, as 64 hexadecimal digits. Never in a log, a trace or an error. */
  readonly secret: string;
}

/** The names that tokens may have. */
const NAME = "[A-Za-z0-9][A-Za-z0-9.-]{0,63}";

/** Whether a token may have this name: letters, digits, dots and dashes, at most 64 of them. */
export function isTokenName(name: string): boolean {
  return new RegExp(`^${NAME}$`).test(name);
}

/** The text of a token. */
export function formatToken({ name, secret }: TokenParts): string {
  return `morsel_${name}_${secret}`;
}

/** Reads a token. Throws `authentication` without telling what was read, as it may be half a secret. */
export function parseToken(text: string): TokenParts {
  const match = new RegExp(`^morsel_(${NAME})_([0-9a-f]{64})$`).exec(text);
  if (match) return { name: match[1]!, secret: match[2]! };
  throw new MorselError(
    "authentication",
    "What was given is not a token: one begins with morsel_ and was shown when it was created",
  );
}
