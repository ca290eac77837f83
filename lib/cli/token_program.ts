// `morsel-server token create|ls|revoke`: who may do what on a server. It works on the tokens of a data folder,
// also while a server runs there.

import type { Principal, Right } from "../base/principal.ts";
import { RIGHTS } from "../base/principal.ts";
import { quote } from "../base/names.ts";
import { LEAST_RATE_LIMIT } from "../base/rate_limit.ts";
import type { OptionRule, ParsedArguments, ParsedOptions } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import { formatCount, formatRate, formatSize, formatTime, printable } from "./format.ts";
import { byteRate, byteSize, duration, wholeNumber } from "./option_values.ts";
import type { Screen } from "./screen.ts";
import { suggest } from "./suggestion.ts";

/** A token, as `ls` shows it. */
export interface ShownToken extends Principal {
  readonly createdMs: number;
  readonly revokedMs: number | undefined;
}

/** The tokens of a data folder. Whoever opened them disposes them. */
export interface TokenAdmin extends Disposable {
  /** Makes a token and returns it, the only time it is seen. */
  create(token: Principal): Promise<string>;
  list(): ShownToken[];
  revoke(name: string): void;
}

/** How the tokens of a data folder are opened. */
export interface OpenTokensOptions {
  /** Whether the folder is made if it is not there; otherwise that is `not_found`. */
  readonly make: boolean;
}

/** The options of `token`, beside `--data`, `--debug` and `--help`. */
export const TOKEN_OPTIONS: readonly OptionRule[] = [
  {
    name: "allow",
    value: "RIGHTS",
    summary: "What it may do, of read,list,create,write,delete; read,list by default",
  },
  { name: "prefix", value: "PREFIX", summary: "Only names that begin so; all by default" },
  {
    name: "expires",
    value: "TIME",
    summary: "For how long, as in 12h, 30d or 52w; for ever by default",
  },
  { name: "quota", value: "SIZE", summary: "Bytes that its files may have together, as in 10G" },
  { name: "files", value: "N", summary: "Files it may have" },
  {
    name: "rate",
    value: "RATE",
    summary: "Bytes a second that its connections may move together, both ways, as in 10M",
  },
  { name: "json", summary: "token ls: print one JSON object a line" },
];

const HINT = "see morsel-server --help";

/** What {@linkcode tokenProgram} works with. */
export interface TokenProgramOptions {
  readonly screen: Screen;
  readonly open: (options: OpenTokensOptions) => Promise<TokenAdmin>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Does what stands behind `token`. Throws a UsageError for what is no such thing. */
export async function tokenProgram(
  { operands, options: given }: ParsedArguments,
  { screen, open, nowMs }: TokenProgramOptions,
): Promise<void> {
  const [action = "", name, ...more] = operands;
  if (!ACTIONS.includes(action)) {
    const meant = suggest(action, ACTIONS);
    throw new UsageError(
      `token takes create NAME, ls or revoke NAME, but not ${quote(action)}; ` +
        (meant ? `did you mean ${meant}?` : HINT),
    );
  }
  const takesName = action !== "ls";
  if (takesName === (name === undefined) || more.length > 0) {
    throw new UsageError(`token ${action} takes ${takesName ? "one NAME" : "no name"}; ${HINT}`);
  }
  const wanted = action === "create" ? tokenIn(name!, given, nowMs) : undefined;
  using tokens = await open({ make: wanted !== undefined });
  if (wanted) {
    const token = await tokens.create(wanted);
    await screen.message(
      `Created the token ${name} (${describe(wanted)}). Keep what follows: it is not shown again`,
    );
    await screen.results(token);
  } else if (action === "revoke") {
    tokens.revoke(name!);
    await screen.message(`Revoked the token ${name}; its connections end within seconds`);
  } else {
    const all = tokens.list();
    if (all.length === 0) await screen.message("There are no tokens: whoever connects may do all");
    for (const token of all) {
      await screen.results(given.flag("json") ? json(token) : line(token, nowMs));
    }
  }
}

const ACTIONS = ["create", "ls", "revoke"];

function tokenIn(name: string, given: ParsedOptions, nowMs: number): Principal {
  const expiresMs = duration(given, "expires");
  return {
    name,
    rights: rightsIn(given.value("allow") ?? "read,list"),
    prefix: given.value("prefix") ?? "",
    expiresMs: expiresMs === undefined ? undefined : nowMs + expiresMs,
    quotaBytes: byteSize(given, "quota", { least: 1 }),
    quotaFiles: wholeNumber(given, "files", { least: 0, most: Number.MAX_SAFE_INTEGER }),
    bytesPerSecond: byteRate(given, "rate", { least: LEAST_RATE_LIMIT }),
  };
}

function rightsIn(text: string): Set<Right> {
  const words = text.split(",").map((word) => word.trim());
  for (const word of words) {
    if ((RIGHTS as readonly string[]).includes(word)) continue;
    const meant = suggest(word, RIGHTS);
    throw new UsageError(
      `--allow has the unknown right ${quote(word)}; ` +
        (meant ? `did you mean ${meant}?` : `there are ${RIGHTS.join(", ")}`),
    );
  }
  return new Set(words as Right[]);
}

function describe({ rights, prefix, ...limits }: Principal): string {
  const names = prefix === "" ? "all names" : `names that begin with ${quote(prefix)}`;
  const { quotaBytes, quotaFiles, bytesPerSecond } = limits;
  return [
    `${RIGHTS.filter((right) => rights.has(right)).join(",")} on ${names}`,
    ...(quotaBytes === undefined ? [] : [`up to ${formatSize(quotaBytes)}`]),
    ...(quotaFiles === undefined ? [] : [`up to ${formatCount(quotaFiles)} files`]),
    ...(bytesPerSecond === undefined ? [] : [`at ${formatRate(bytesPerSecond)}`]),
  ].join(", ");
}

function line(token: ShownToken, nowMs: number): string {
  const { name, expiresMs, revokedMs } = token;
  const state = revokedMs !== undefined
    ? `revoked ${formatTime(revokedMs)}`
    : expiresMs === undefined
    ? "good"
    : `${expiresMs <= nowMs ? "expired" : "good until"} ${formatTime(expiresMs)}`;
  return printable(`${name}  ${describe(token)}  ${state}`);
}

function json({ rights, ...token }: ShownToken): string {
  return JSON.stringify({ ...token, rights: [...rights] });
}
