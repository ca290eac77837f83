// The exit codes of both programs. Scripts depend on them: a number never changes its meaning.

import type { ErrorCode } from "../base/errors.ts";

/** What a program can end with. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  authentication: 3,
  notFound: 4,
  conflict: 5,
  limit: 6,
  integrity: 7,
  connection: 8,
  someFailed: 9,
  /** 128 and the number of the signal, as shells have it. */
  interrupted: 130,
  terminated: 143,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** What help says about the exit codes. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, "done"],
  [EXIT.unexpected, "something unexpected, such as a local file that cannot be read"],
  [EXIT.usage, "the command line is wrong, or a permission is missing"],
  [
    EXIT.authentication,
    "one side does not know the other, or the server does not allow it",
  ],
  [EXIT.notFound, "no such file, there or here"],
  [EXIT.conflict, "a condition does not hold: the file exists, or has another version"],
  [EXIT.limit, "a limit is exceeded, or a disk is full"],
  [EXIT.integrity, "bytes do not match their digest"],
  [EXIT.connection, "no connection, or the other side was silent for too long"],
  [EXIT.someFailed, "some of several failed; the others are done"],
  [EXIT.interrupted, "stopped by Ctrl-C (143 by SIGTERM)"],
];

/** The exit code that stands for an error. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  switch (code) {
    case "invalid":
      return EXIT.usage;
    case "authentication":
    case "forbidden":
      return EXIT.authentication;
    case "not_found":
    case "gone":
      return EXIT.notFound;
    case "conflict":
    case "fenced":
      return EXIT.conflict;
    case "limit":
    case "no_space":
    case "quota":
      return EXIT.limit;
    case "integrity":
      return EXIT.integrity;
    case "connection":
    case "deadline":
    case "busy":
    case "draining":
    case "protocol":
    case "version":
      return EXIT.connection;
    case "unsupported":
    case "cancelled":
    case "storage":
    case "internal":
      return EXIT.unexpected;
    default:
      return code satisfies never;
  }
}
