// What a server shows its operator over HTTP: numbers at /metrics, and at /healthz whether it works.

import type { Figures } from "../protocol/figures.ts";
import type { FileStore } from "../store/file_store.ts";
import { exposition, EXPOSITION_TYPE, type Family } from "./exposition.ts";
import type { FileServer } from "./file_server.ts";
import type { ServerMetrics } from "./server_metrics.ts";

/** What {@linkcode operatorPage} shows. */
export interface OperatorPageOptions {
  readonly server: Pick<FileServer, "figures" | "isDraining">;
  readonly store: Pick<FileStore, "lastChange">;
  readonly metrics: ServerMetrics;
  /** Its workers that listen now; undefined where it has none. */
  readonly workers?: () => number | undefined;
}

/** An answer over HTTP. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const PLAIN = "text/plain; charset=utf-8";

/** The page at this path. Never fails. */
export async function operatorPage(path: string, options: OperatorPageOptions): Promise<Page> {
  try {
    if (path === "/healthz") return await health(options);
    if (path !== "/metrics") {
      return { status: 404, type: PLAIN, text: "There are /metrics and /healthz\n" };
    }
    const { server, metrics, workers } = options;
    const families = [...metrics.families(), ...gauges(await server.figures(), workers?.())];
    return { status: 200, type: EXPOSITION_TYPE, text: exposition(families) };
  } catch (thrown) {
    return {
      status: 503,
      type: PLAIN,
      text: `${thrown instanceof Error ? thrown.message : thrown}\n`,
    };
  }
}

/** Well is who takes new work, and whose store can really be read. */
async function health({ server, store }: OperatorPageOptions): Promise<Page> {
  if (server.isDraining) return { status: 503, type: PLAIN, text: "The server is about to stop\n" };
  await store.lastChange();
  return { status: 200, type: PLAIN, text: "ok\n" };
}

function gauges(figures: Figures, workers: number | undefined): Family[] {
  const { version = "", uptimeMs = 0 } = figures;
  return [
    gauge("sessions", "Sessions now", figures.sessions),
    gauge("transfers", "Uploads and downloads under way", figures.transfers),
    gauge("workers", "Workers that listen now", workers),
    gauge(
      "penalised_addresses",
      "Addresses with a penalty, also one too small to bite",
      figures.penalised,
    ),
    gauge(
      "uploads",
      "Unfinished uploads, those that nobody holds included",
      figures.uploads,
    ),
    gauge("files", "Files that there are", figures.files),
    gauge("file_bytes", "Bytes of all files, each as large as it is told", figures.bytes),
    gauge("contents", "Distinct contents of the files", figures.contents),
    gauge("content_bytes", "Bytes of the contents, each counted once", figures.contentBytes),
    gauge("quota_bytes", "Bytes that all files together may have", figures.quotaBytes),
    gauge("quota_files", "Files that there may be", figures.quotaFiles),
    gauge("disk_free_bytes", "Bytes that are free on the disk of the data", figures.freeBytes),
    gauge("uptime_seconds", "Time since the start", uptimeMs / 1000),
    {
      name: "morsel_build_info",
      help: "The version of the server",
      type: "gauge",
      samples: [{ labels: { version }, value: 1 }],
    },
  ];
}

function gauge(name: string, help: string, value: number | undefined): Family {
  const samples = value === undefined ? [] : [{ value }];
  return { name: `morsel_${name}`, help, type: "gauge", samples };
}
