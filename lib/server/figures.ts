// What a server tells of itself (PROTOCOL.md 4.17), for Stats and for the operator's pages: all of it to whoever may
// do everything with every file, and to whoever has a token what is that token's own.

import type { Clock } from "../base/clock.ts";
import { mayDoAll, type Principal } from "../base/principal.ts";
import type { Figures } from "../protocol/figures.ts";
import type { FileStore, Totals } from "../store/file_store.ts";
import type { Quota } from "../store/quota.ts";
import type { ServerMetrics } from "./server_metrics.ts";

/** What the operator has said of a server, and what only its surroundings know. */
export interface ServerFacts {
  readonly version: string;
  /** What all files together may have. */
  readonly quota?: Quota | undefined;
  /** Bytes of the disk that stay free; undefined for none. */
  readonly reserveBytes?: number | undefined;
  /** Bytes that are free on the disk of the data; may fail. */
  readonly freeSpace?: (() => Promise<number>) | undefined;
}

/** Where figures come from. */
export interface FigureSources {
  readonly store: Pick<FileStore, "totals">;
  readonly clock: Pick<Clock, "monotonicMs" | "soon">;
  /** When it began, by the clock's `monotonicMs`. */
  readonly begunMs: number;
  readonly facts: ServerFacts;
  readonly metrics?: Pick<ServerMetrics, "figures"> | undefined;
  /** Who is connected now, and who is kept out. */
  readonly admission: () => Pick<Figures, "sessions" | "penalised">;
}

/** What may be told to whoever asks. Others have their turn before. */
export async function figuresFor(
  principal: Principal,
  sources: FigureSources,
): Promise<Figures> {
  await new Promise<void>((resolve) => sources.clock.soon(resolve));
  const totals = await sources.store.totals(principal.name);
  return {
    ...(principal.name !== "" && ownFigures(principal, totals)),
    ...(mayDoAll(principal) && await serverFigures(sources, totals)),
  };
}

/** All that is of the server and none of its principals. */
async function serverFigures(
  { clock, begunMs, facts, metrics, admission }: FigureSources,
  { store: all, stored }: Totals,
): Promise<Figures> {
  const { version, quota = {}, reserveBytes, freeSpace } = facts;
  const freeBytes = await freeSpace?.().catch(() => undefined);
  return {
    version,
    uptimeMs: Math.floor(clock.monotonicMs() - begunMs),
    files: all.files,
    bytes: all.bytes,
    contents: stored.contents,
    contentBytes: stored.bytes,
    reservedFiles: all.reserved.files,
    reservedBytes: all.reserved.bytes,
    ...(quota.files !== undefined && { quotaFiles: quota.files }),
    ...(quota.bytes !== undefined && { quotaBytes: quota.bytes }),
    ...(freeBytes !== undefined && { freeBytes }),
    ...(reserveBytes !== undefined && { reserveBytes }),
    uploads: all.uploads,
    ...admission(),
    ...metrics?.figures(),
  };
}

function ownFigures({ quotaFiles, quotaBytes }: Principal, { owner }: Totals): Figures {
  return {
    ownFiles: owner.files,
    ownBytes: owner.bytes,
    ownReservedFiles: owner.reserved.files,
    ownReservedBytes: owner.reserved.bytes,
    ...(quotaFiles !== undefined && { ownQuotaFiles: quotaFiles }),
    ...(quotaBytes !== undefined && { ownQuotaBytes: quotaBytes }),
    ownUploads: owner.uploads,
  };
}
