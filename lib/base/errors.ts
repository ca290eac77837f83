// The one closed set of errors, shared by code and wire (PROTOCOL.md 5). What follows from an error is
// decided by its code alone, never by its text.

/** What one error code means wherever it turns up. */
export interface ErrorRule {
  /** The number on the wire; 0 for what only arises locally. */
  readonly number: number;
  /** Whether the session goes on after a peer sent this error. */
  readonly sessionLives: boolean;
  /** Whether the same request may succeed if it is made again unchanged. */
  readonly retry: boolean;
  /** For people: what it means. PROTOCOL.md prints the same sentence. */
  readonly meaning: string;
}

/** Every error code there is. A number, once given, is never given to another meaning. */
export const ERRORS = {
  protocol: rule(1, "dies", "final", "The framing or the order of messages is broken"),
  version: rule(2, "dies", "final", "The two sides share no protocol version"),
  unsupported: rule(3, "lives", "final", "The receiver does not know this message"),
  invalid: rule(4, "lives", "final", "A field holds a value that is not allowed"),
  not_found: rule(5, "lives", "final", "No file has this name"),
  gone: rule(6, "lives", "final", "The version or the changes asked for are not there any more"),
  conflict: rule(7, "lives", "final", "The condition of the request does not hold"),
  limit: rule(8, "lives", "final", "An announced limit is exceeded"),
  no_space: rule(9, "lives", "retry", "The storage is full"),
  integrity: rule(10, "lives", "final", "Bytes do not match their digest"),
  fenced: rule(11, "lives", "final", "A newer connection has taken this upload over"),
  cancelled: rule(12, "lives", "final", "The request was cancelled by its client"),
  deadline: rule(13, "dies", "retry", "The other side was silent or too slow for too long"),
  busy: rule(14, "dies", "retry", "The server has as many connections as it accepts"),
  draining: rule(15, "lives", "retry", "The server is about to stop and takes no new work"),
  storage: rule(16, "lives", "retry", "The storage failed to read or write"),
  internal: rule(17, "lives", "final", "The server met a fault of its own"),
  authentication: rule(18, "dies", "final", "The server does not know who asks"),
  forbidden: rule(19, "lives", "final", "Whoever asks may not do this"),
  quota: rule(20, "lives", "final", "A quota would be exceeded"),
  connection: rule(0, "dies", "retry", "The connection could not be made or was lost"),
} as const satisfies Record<string, ErrorRule>;

/** The name of an error, as code, wire documentation and `--json` output spell it. */
export type ErrorCode = keyof typeof ERRORS;

/** What a {@linkcode MorselError} carries beside its sentence. */
export interface MorselErrorOptions extends ErrorOptions {
  /** Facts for programs, such as `limit` and `value`, or `current` for a conflict. */
  detail?: Record<string, string>;
}

/** The error of everything in Morsel that can fail for a reason a caller may want to know. */
export class MorselError extends Error {
  /** `MorselError`. */
  override name = "MorselError";
  /** Which of the closed set this is. */
  readonly code: ErrorCode;
  /** Facts for programs; empty when there are none. */
  readonly detail: Record<string, string>;

  /** The message is a sentence for people: what happened and, where one can act, what to do. */
  constructor(code: ErrorCode, message: string, options: MorselErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.detail = options.detail ?? {};
  }

  /** Whether the same request may succeed if it is made again unchanged. */
  get retry(): boolean {
    return ERRORS[this.code].retry;
  }
}

/** The code with this number on the wire; an unknown number, from a later version, is `internal`. */
export function errorCodeOf(number: number): ErrorCode {
  for (const [code, { number: known }] of Object.entries(ERRORS)) {
    if (known === number && number !== 0) return code as ErrorCode;
  }
  return "internal";
}

/** Any thrown thing as a MorselError: itself, or wrapped once under `code` with its cause kept. */
export function asMorselError(thrown: unknown, code: ErrorCode): MorselError {
  if (thrown instanceof MorselError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new MorselError(code, message, { cause: thrown });
}

function rule(
  number: number,
  session: "lives" | "dies",
  again: "retry" | "final",
  meaning: string,
): ErrorRule {
  return { number, sessionLives: session === "lives", retry: again === "retry", meaning };
}
