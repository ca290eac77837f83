// What a server tells of itself in Figures (PROTOCOL.md 4.17): the keys, what they mean, and how they are written.

/** What a server tells of itself; what it does not know or tell is left out. Sizes are in bytes. */
export interface Figures {
  /** Files of the token that asks. */
  readonly ownFiles?: number;
  /** Their bytes, each file as large as it is told. */
  readonly ownBytes?: number;
  /** Files that its unfinished uploads have reserved. */
  readonly ownReservedFiles?: number;
  /** Bytes that its unfinished uploads have reserved. */
  readonly ownReservedBytes?: number;
  /** Files it may have; left out for no limit. */
  readonly ownQuotaFiles?: number;
  /** Bytes it may have; left out for no limit. */
  readonly ownQuotaBytes?: number;
  /** Its unfinished uploads. */
  readonly ownUploads?: number;
  /** The version of the server's software. From here on all is of the whole server. */
  readonly version?: string;
  /** How long it has been at work, in milliseconds. */
  readonly uptimeMs?: number;
  /** Files there are. */
  readonly files?: number;
  /** Their bytes, each file as large as it is told. */
  readonly bytes?: number;
  /** Distinct contents: files that are equal share one. */
  readonly contents?: number;
  /** Bytes of the contents, each counted once. */
  readonly contentBytes?: number;
  /** Files that unfinished uploads have reserved, where a quota limits them. */
  readonly reservedFiles?: number;
  /** Bytes that unfinished uploads have reserved, where a quota limits them. */
  readonly reservedBytes?: number;
  /** Files there may be; left out for no limit. */
  readonly quotaFiles?: number;
  /** Bytes that all files may have; left out for no limit. */
  readonly quotaBytes?: number;
  /** Bytes that are free on the disk of the data. */
  readonly freeBytes?: number;
  /** Bytes of the disk that are kept free. */
  readonly reserveBytes?: number;
  /** Unfinished uploads that would survive a restart. */
  readonly uploads?: number;
  /** Connections now. */
  readonly sessions?: number;
  /** Uploads and downloads under way now. */
  readonly transfers?: number;
  /** Addresses that have a penalty now. */
  readonly penalised?: number;
  /** Bytes that came in. From here on all is counted from the start of the server. */
  readonly receivedBytes?: number;
  /** Bytes that went out. */
  readonly sentBytes?: number;
  /** Uploads that became files. */
  readonly commits?: number;
  /** Files that were removed. */
  readonly removals?: number;
  /** Requests that were refused with `forbidden`, `quota` or `no_space`. */
  readonly refusals?: number;
  /** Connections that were put out because a deadline had passed. */
  readonly deadlines?: number;
  /** Connections that were not let in. */
  readonly turnedAway?: number;
  /** Offences that addresses have paid for. */
  readonly penalties?: number;
  /** Damages that were found in stored data. */
  readonly damages?: number;
}

/** The name of a figure that is a number. */
export type FigureName = Exclude<keyof Figures, "version">;

// A record, so that the compiler sees to it that none is missing.
const NAMES: Readonly<Record<FigureName, true>> = {
  ownFiles: true,
  ownBytes: true,
  ownReservedFiles: true,
  ownReservedBytes: true,
  ownQuotaFiles: true,
  ownQuotaBytes: true,
  ownUploads: true,
  uptimeMs: true,
  files: true,
  bytes: true,
  contents: true,
  contentBytes: true,
  reservedFiles: true,
  reservedBytes: true,
  quotaFiles: true,
  quotaBytes: true,
  freeBytes: true,
  reserveBytes: true,
  uploads: true,
  sessions: true,
  transfers: true,
  penalised: true,
  receivedBytes: true,
  sentBytes: true,
  commits: true,
  removals: true,
  refusals: true,
  deadlines: true,
  turnedAway: true,
  penalties: true,
  damages: true,
};

/** Every figure that is a number, in the order of PROTOCOL.md. */
export const FIGURE_NAMES = Object.keys(NAMES) as FigureName[];

/** Figures as they stand in the field of the message. */
export function encodeFigures(figures: Figures): Record<string, string> {
  const pairs = Object.entries(figures).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs.map(([key, value]) => [key, String(value)]));
}

/** What this side knows of the field; keys it does not know and values that are no numbers are passed over. */
export function decodeFigures(field: Readonly<Record<string, string>>): Figures {
  const { version } = field;
  const numbers = FIGURE_NAMES.map((name) => [name, numberOf(field[name])] as const);
  return {
    ...(version !== undefined && { version }),
    ...Object.fromEntries(numbers.filter(([, value]) => value !== undefined)),
  };
}

function numberOf(text: string | undefined): number | undefined {
  const value = /^\d{1,16}$/.test(text ?? "") ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}
