// The limits and deadlines of both sides (PROTOCOL.md 6 and 7): one table, with the reason of each number.

const KIB = 1024;
const MIB = 1024 * KIB;

/** Payload bytes of a chunk unless asked otherwise: with headers it fits a packet even inside tunnels. */
export const DEFAULT_CHUNK = 1300;
/** The largest frame before the greetings are exchanged: a stranger costs no more. */
export const GREETING_FRAME = 4 * KIB;
/** The most bytes a file's metadata may take as a field, so that a File fits any frame. */
export const MAX_METADATA_SIZE = 16 * KIB;
/** The smallest `maxFrame` a side may announce: a message with the longest names and metadata fits. */
export const MIN_MAX_FRAME = 64 * KIB;
/** The shortest `idleMs` and `stallMs` a side may announce, in milliseconds. */
export const MIN_PATIENCE_MS = 1000;
/** The most files in one page of a listing. */
export const MAX_PAGE = 1000;
/** The most changes one Watch tells of before it has to be made again. */
export const MAX_WATCH_LENGTH = 1000;
/** The most watches one session may have open: each reads the log by itself. */
export const MAX_WATCHES = 16;

/** What a server announces in its greeting. */
export interface Limits {
  /** The largest frame it takes, in bytes. */
  readonly maxFrame: number;
  /** The largest payload of a Data frame, in bytes. */
  readonly maxChunk: number;
  /** Bytes of an upload that may be under way beyond the last acknowledged one. */
  readonly window: number;
  /** Requests of one session that may be unanswered at a time. */
  readonly maxRequests: number;
  /** Uploads of one session that may be under way at a time. */
  readonly maxUploads: number;
  /** Sessions of one address that may be open at a time. */
  readonly maxSessions: number;
  /** How long a session may be silent with nothing under way, in milliseconds. */
  readonly idleMs: number;
  /** How long one side may stand still while the other waits for it, in milliseconds. */
  readonly stallMs: number;
  /** The slowest a transfer may be over the time of `rateWindowMs`, in bytes a second. */
  readonly minRate: number;
  /** How long an unfinished upload that nobody goes on with is kept, in milliseconds. */
  readonly expiryMs: number;
  /** What an acknowledged commit survives: a power cut, or a crash of the server only. */
  readonly durability: "full" | "relaxed";
}

/** The limits of a server that was told no others. */
export const DEFAULT_LIMITS: Limits = {
  maxFrame: MIB + 4 * KIB,
  maxChunk: MIB,
  // 1 Gbit/s at 200 ms holds 25 MB, and as much again waits behind a lost packet. It costs a server no memory: what it
  // has not read waits in the systems on the way.
  window: 64 * MIB,
  // Small files of a folder over a link of 100 ms: ten thousand a second at most, and half as many that are put.
  maxRequests: 1024,
  // Each may hold up to 64 KiB in memory and a file handle: 32 MiB a session in the worst case.
  maxUploads: 512,
  // Many programs of one machine, or many people behind one address, but not a whole server's worth.
  maxSessions: 512,
  idleMs: 300_000,
  stallMs: 30_000,
  minRate: 1024,
  // A laptop that was closed over the weekend finds its upload again.
  expiryMs: 72 * 3_600_000,
  durability: "full",
};

/** How long a wait may last: no progress for `silenceMs`, or too little over `rateWindowMs`. */
export interface Deadline {
  /** What is waited for, as it stands in the error: `… while waiting for WHAT`. */
  readonly what: string;
  readonly silenceMs: number;
  /** Bytes a second over `rateWindowMs`; 0 for no minimum. */
  readonly minRate: number;
}

/** The time over which a minimum rate is measured, in milliseconds: pauses up to `stallMs` fit in. */
export const RATE_WINDOW_MS = 60_000;

/** Every wait of server and client. PROTOCOL.md 7 says what the peer sees when one passes. */
export interface Deadlines {
  /** Client: the TCP connection. */
  readonly connect: Deadline;
  /** Both: the peer's greeting. */
  readonly greeting: Deadline;
  /** Both: the proof of a token, all messages of it together. */
  readonly authentication: Deadline;
  /** Both: the rest of a frame that has begun. */
  readonly frame: Deadline;
  /** Server: the next frame while nothing is under way. */
  readonly idle: Deadline;
  /** Server: the next frame of an upload. */
  readonly upload: Deadline;
  /** Client: the next reply while one is owed. */
  readonly reply: Deadline;
  /** Client: any byte after a Ping. */
  readonly pong: Deadline;
  /** Both: the peer taking bytes that were written. */
  readonly write: Deadline;
  /** Server: the peer's own end of a connection that ended with an Error, in all. */
  readonly linger: Deadline;
}

/** The deadlines that follow from what a server announced. */
export function deadlinesOf(limits: Pick<Limits, "idleMs" | "stallMs" | "minRate">): Deadlines {
  const { idleMs, stallMs, minRate } = limits;
  return {
    connect: { what: "the connection", silenceMs: 10_000, minRate: 0 },
    // Ten seconds are many round trips of any link; a stranger holds a place no longer.
    greeting: { what: "the greeting", silenceMs: 10_000, minRate: 0 },
    authentication: { what: "the proof of a token", silenceMs: 10_000, minRate: 0 },
    frame: { what: "the rest of a frame", silenceMs: stallMs, minRate },
    idle: { what: "a request", silenceMs: idleMs, minRate: 0 },
    upload: { what: "the next bytes of an upload", silenceMs: stallMs, minRate: 0 },
    pong: { what: "a sign of life", silenceMs: stallMs, minRate: 0 },
    // A server that works answers or goes on with another reply; twice its own patience with us.
    reply: { what: "a reply", silenceMs: 2 * stallMs, minRate: 0 },
    // A slow reader empties the system's buffers in large steps, far apart.
    write: { what: "the other side to take what was sent", silenceMs: 2 * stallMs, minRate },
    // Closing at once would reset the connection under bytes not read, and lose the Error with it.
    linger: { what: "the other side to close", silenceMs: 2_000, minRate: 0 },
  };
}

/** How often a client with an upload or a session to keep shows life, in milliseconds. */
export function pingEveryMs(limits: Pick<Limits, "idleMs" | "stallMs">): number {
  return Math.min(limits.idleMs, limits.stallMs) / 3;
}

/** Bytes of an upload after which its server says how much it has, at most: what a person sees of its progress. */
const MOST_UNACKED = 2 * MIB;

/**
 * Bytes of an upload after which an Ack comes. One that is kept slow shows life several times within each deadline,
 * however much the systems in between have taken in ahead of it.
 */
export function ackBytes(
  { window, stallMs, minRate }: Pick<Limits, "window" | "stallMs" | "minRate">,
  { isSlow }: { isSlow: boolean },
): number {
  const most = Math.min(window / 8, MOST_UNACKED);
  return isSlow ? Math.min(most, minRate * stallMs / 2000) : most;
}
