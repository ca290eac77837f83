// What went wrong, as a program tells it: one line, an exit code, and facts for scripts. Every thrown thing
// ends here; nothing else decides what a person is told.

import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import { printable } from "./format.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit_codes.ts";

/** A mistake in the command line. The message says what to write instead. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A name that only one of the two sides can have. The message says which and why. */
export class RefusedNameError extends Error {
  override name = "RefusedNameError";
}

/** A transfer was stopped by Ctrl-C, and what it has moved is kept for the next run. */
export class StoppedMidway extends Error {
  override name = "StoppedMidway";

  constructor(options?: ErrorOptions) {
    super("Stopped; the same command goes on from there", options);
  }
}

/** What was being done with a local file. */
export type LocalAction = "read" | "write";

/** A local file or folder could not be used; `cause` is the error of the file system. */
export class LocalFileError extends Error {
  override name = "LocalFileError";
  /** The path as the user wrote it. */
  readonly path: string;
  /** The code of the file system, such as `ENOENT`; empty when it gave none. */
  readonly code: string;

  constructor(action: LocalAction, path: string, cause: unknown) {
    const code = systemCode(cause);
    super(localMessage(action, path, { code, cause }), { cause });
    this.path = path;
    this.code = code;
  }
}

/** A failure as it is told. */
export interface Failure {
  /** A MorselError's code, or `usage`, `permission`, `local`, `name`, `unexpected`. */
  readonly code: string;
  /** What happened and what to do next, without a full stop. */
  readonly message: string;
  /** Facts for programs. */
  readonly detail: Readonly<Record<string, string>>;
  readonly exitCode: ExitCode;
  /** Whether what comes after it would fail alike: no connection, no permission, no room on a disk. */
  readonly endsAll: boolean;
}

/**
 * What to tell of a thrown thing, whatever it is wrapped in: a local cause comes before what the client or
 * the server made of it, as it is what the user can change.
 */
export function describeFailure(thrown: unknown): Failure {
  const chain = causes(thrown);
  const denied = chain.find((error) => error.name === "NotCapable");
  if (denied) {
    const exitCode = EXIT.usage;
    return failure("permission", deniedPermission(denied), { exitCode, endsAll: true });
  }
  const local = chain.find((error) => error instanceof LocalFileError);
  if (local) return describeLocal(local);
  const usage = chain.find((error) => error instanceof UsageError);
  if (usage) return failure("usage", oneLine(usage.message), { exitCode: EXIT.usage });
  const refused = chain.find((error) => error instanceof RefusedNameError);
  if (refused) return failure("name", oneLine(refused.message), { exitCode: EXIT.someFailed });
  const known = chain.find((error) => error instanceof MorselError);
  if (known) {
    // No mistake of the command line, though the call that it is made into was not right any more.
    const hasChanged = known.detail.source === "changed";
    const exitCode = hasChanged ? EXIT.unexpected : exitCodeOf(known.code);
    // What became of one says nothing of the others, for which there may be a connection again.
    const isUnknown = known.detail.outcome === "unknown";
    const endsAll = known.code === "no_space" || exitCode === EXIT.connection && !isUnknown;
    const { detail } = known;
    return failure(known.code, oneLine(known.message), { exitCode, detail, endsAll });
  }
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return failure("unexpected", `${oneLine(text)}; run again with --debug to see where`, {
    exitCode: EXIT.unexpected,
  });
}

/** The stack of a thrown thing and of what caused it, for `--debug`. */
export function stackOf(thrown: unknown): string {
  const chain = causes(thrown);
  const rest = chain.length === 0 ? thrown : chain.at(-1)!.cause;
  const stacks = chain.map((error) => error.stack ?? String(error));
  return [...stacks, ...(rest === undefined ? [] : [String(rest)])].join("\ncaused by ");
}

/** Does something with a local file; what it throws becomes a {@linkcode LocalFileError}. */
export async function locally<T>(
  action: LocalAction,
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new LocalFileError(action, path, error);
  }
}

/** The code that a runtime gives to a failure of the system, such as `EPIPE`; empty when there is none. */
export function systemCode(thrown: unknown): string {
  const code = thrown instanceof Error ? (thrown as Error & { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}

/** An error, what caused it, and so on. */
function causes(thrown: unknown): Error[] {
  const chain: Error[] = [];
  for (let error = thrown; error instanceof Error && !chain.includes(error); error = error.cause) {
    chain.push(error);
  }
  return chain;
}

function describeLocal(error: LocalFileError): Failure {
  const endsAll = DISK_FULL.has(error.code);
  const exitCode = endsAll ? EXIT.limit : error.code === "ENOENT" ? EXIT.notFound : EXIT.unexpected;
  const detail = { path: error.path, ...(error.code && { reason: error.code }) };
  return failure("local", error.message, { exitCode, detail, endsAll });
}

/** Whether there is no room on the disk of a local file. */
export function isDiskFull(thrown: unknown): boolean {
  return causes(thrown).some((error) =>
    error instanceof LocalFileError && DISK_FULL.has(error.code)
  );
}

const DISK_FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

function localMessage(
  action: LocalAction,
  path: string,
  failed: { code: string; cause: unknown },
): string {
  const shown = quote(path);
  if (DISK_FULL.has(failed.code)) {
    return `Cannot write ${shown} as the local disk is full; free some space and run again`;
  }
  switch (failed.code) {
    case "ENOENT":
      return action === "read"
        ? `There is nothing at ${shown}; check the path`
        : `There is no folder to write ${shown} in; make it first`;
    case "EACCES":
    case "EPERM":
      return `Cannot ${action} ${shown} as the system denies access; check its permissions`;
    case "EROFS":
      return `Cannot write ${shown} as its file system is read-only; choose another place`;
    case "EISDIR":
      return `Cannot ${action} ${shown} as it is a folder; name a file`;
    case "ENOTDIR":
      return `Cannot ${action} ${shown} as a part of the path is not a folder; check the path`;
    case "ENAMETOOLONG":
      return `Cannot ${action} ${shown} as the file name is too long; choose another with -o`;
    default: {
      const reason = failed.cause instanceof Error ? failed.cause.message : String(failed.cause);
      return `Cannot ${action} ${shown}: ${oneLine(reason)}`;
    }
  }
}

/**
 * What to say when Deno denies a permission. The text of the error is the only place that names the
 * permission and what it was wanted for, hence the one exception to "never decide by message text".
 */
function deniedPermission(error: Error): string {
  const flag = /--allow-[a-z]+/.exec(error.message)?.[0] ?? "-A";
  const target = /access to ("[^"]*")/.exec(error.message)?.[1];
  const doing = DOING[flag] ?? "This";
  return `${doing}${target ? ` ${target}` : ""} is not permitted: run again with ${flag}` +
    (flag === "-A" ? "" : ", or with -A for all permissions");
}

const DOING: Readonly<Record<string, string>> = {
  "--allow-read": "Reading",
  "--allow-write": "Writing",
  "--allow-net": "Network access to",
  "--allow-env": "Reading the variable",
};

function failure(
  code: string,
  message: string,
  rest: { exitCode: ExitCode; detail?: Record<string, string>; endsAll?: boolean },
): Failure {
  return { code, message, detail: {}, endsAll: false, ...rest };
}

function oneLine(text: string): string {
  return printable(text.trim().replaceAll(/\s*\n\s*/g, "; "));
}
