// What a process has counted, in a form that can be told to another one and added to what that has.

/** How often each thing has come about, by its name. */
export type CountOf = Readonly<Record<string, number>>;

/** The numbers of one process, or of several together. */
export interface Counts {
  /** By outcome. */
  readonly connections: CountOf;
  /** By error code. */
  readonly sessionErrors: CountOf;
  /** By offence. */
  readonly penalties: CountOf;
  /** By type and result, with a space between them. */
  readonly requests: CountOf;
  /** Bytes that came in. */
  readonly received: number;
  /** Bytes that went out. */
  readonly sent: number;
  /** Now. */
  readonly sessions: number;
  /** Now. */
  readonly transfers: number;
}

/** Where nothing has come about yet. */
export const NO_COUNTS: Counts = {
  connections: {},
  sessionErrors: {},
  penalties: {},
  requests: {},
  received: 0,
  sent: 0,
  sessions: 0,
  transfers: 0,
};

/** Those of two together. */
export function addCounts(one: Counts, other: Counts): Counts {
  return {
    connections: addEach(one.connections, other.connections),
    sessionErrors: addEach(one.sessionErrors, other.sessionErrors),
    penalties: addEach(one.penalties, other.penalties),
    requests: addEach(one.requests, other.requests),
    received: one.received + other.received,
    sent: one.sent + other.sent,
    sessions: one.sessions + other.sessions,
    transfers: one.transfers + other.transfers,
  };
}

function addEach(one: CountOf, other: CountOf): CountOf {
  const sum: Record<string, number> = { ...one };
  for (const [key, value] of Object.entries(other)) sum[key] = (sum[key] ?? 0) + value;
  return sum;
}
