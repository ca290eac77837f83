// Workloads of small requests on open connections: how long one takes, and how many there are in a second.

import { outputOf } from "../measure/command.ts";
import type { Contender, Sample } from "../measure/turns.ts";
import { missingOf } from "./installed.ts";
import type { LoadReport } from "./load_count.ts";
import { type RunningNginx, startNginx } from "./nginx.ts";
import type { RunningPeer } from "./peer.ts";
import { type RunningMorsel, serverKnows, startMorsel } from "./morsel.ts";
import { onClient, SMALL, type Stage } from "./stage.ts";
import { parseWrk } from "./wrk.ts";
import type { Bench, OpenWorkload, Workload } from "./workload.ts";

const FAIR = [
  "The load client makes the system's calls itself and costs as little as wrk, which is written in C: the",
  "servers are compared. It has one thread, wrk two. The client library proves each reply besides, and takes",
  "most of the machine from the server.",
];

/** How long a small file takes on an open connection. */
export const latency: Workload = {
  id: "latency",
  title: () => "get 1 KiB on an open connection, p50",
  unit: "µs",
  notes: ["Morsel's first row is the client library's `getSmall`, with every byte proven."],
  goals: { "nginx, wrk -c1": { atMost: 1 } },
  open: (bench) => openLoad(bench, { connections: 1, first: "library" }),
};

/** How many small files a second on 16 connections. */
export const rate16: Workload = {
  id: "rate-16",
  title: () => "get 1 KiB in a loop on 16 connections",
  unit: "requests/s",
  notes: FAIR,
  goals: { "nginx, wrk -c16": { atLeast: 0.7, aim: 1 } },
  open: (bench) => openLoad(bench, { connections: 16, first: "load client" }),
};

/** How many small files a second on 256 connections. */
export const rate256: Workload = {
  id: "rate-256",
  title: () => "get 1 KiB in a loop on 256 connections",
  unit: "requests/s",
  notes: FAIR,
  goals: {},
  open: (bench) => openLoad(bench, { connections: 256, first: "load client" }),
};

interface Load {
  readonly connections: number;
  /** Which of Morsel's two clients is compared with wrk. */
  readonly first: "library" | "load client";
}

async function openLoad(bench: Bench, { connections, first }: Load): Promise<OpenWorkload> {
  const { stage, morsel, nginx } = bench;
  const contenders: Contender[] = [];
  const skipped: string[] = [];
  const closing: (() => PromiseLike<void>)[] = [];
  const toRow = connections === 1 ? latencyOf : rateOf;
  if (morsel) {
    await storeSmall(morsel, stage);
    closing.push(() => morsel.remove(SMALL));
    for (const client of first === "library" ? CLIENTS : CLIENTS.toReversed()) {
      const run = async () => toRow(await loadMorsel(bench, morsel, { connections, client }));
      contenders.push({ name: `Morsel, ${client}`, isSubject: true, run });
    }
    if (connections > 1 && await serverKnows(stage, "--workers")) {
      const several = await startMorsel(stage, { args: ["--workers", "2"] });
      closing.push(() => several[Symbol.asyncDispose]());
      await storeSmall(several, stage);
      const load = { connections, client: "load client" } as const;
      const run = async () => toRow(await loadMorsel(bench, several, load));
      contenders.push({ name: "Morsel, load client, --workers 2", run });
    }
  }
  if ((await missingOf([{ name: "wrk", package: "wrk" }])).length > 0) {
    skipped.push("nginx: wrk is missing, apt-get install wrk");
  } else if (nginx) {
    const name = `nginx, wrk -c${connections}`;
    contenders.push({ name, run: async () => toRow(await loadNginx(bench, nginx, connections)) });
    // For one connection all but one of its processes sleep.
    if (connections > 1) {
      const single = await startNginx(stage, { workers: 1 });
      closing.push(() => single[Symbol.asyncDispose]());
      const run = async () => toRow(await loadNginx(bench, single, connections));
      contenders.push({ name: `${name}, one worker`, run });
    }
  }
  const close = async () => {
    for (const one of closing) await one();
  };
  return { contenders, skipped, close };
}

const CLIENTS = ["library", "load client"] as const;
const SCRIPTS = { "library": "load_library.ts", "load client": "load_client.ts" };

interface Loaded extends LoadReport {
  /** Processor time of the server for a request, in microseconds. */
  readonly serverUs: number;
}

async function storeSmall(morsel: RunningMorsel, stage: Stage): Promise<void> {
  await outputOf(morsel.command("put", `${stage.served}/${SMALL}`, "--as", SMALL), stage);
}

async function loadMorsel(
  { stage, seconds }: Bench,
  morsel: RunningMorsel,
  { connections, client }: { connections: number; client: typeof CLIENTS[number] },
): Promise<Loaded> {
  const script = new URL(SCRIPTS[client], import.meta.url).pathname;
  const words = [morsel.address, String(connections), String(seconds), SMALL];
  const command = onClient(stage, Deno.execPath(), "run", "-A", script, ...words);
  return await loaded(morsel, async () => JSON.parse(await outputOf(command, stage)));
}

async function loadNginx(
  { stage, seconds }: Bench,
  server: RunningNginx,
  connections: number,
): Promise<Loaded> {
  // As many threads as wrk takes by default, where there are connections for them.
  const threads = connections === 1 ? ["-t1"] : [];
  const words = [...threads, `-c${connections}`, `-d${seconds}s`, "--latency", server.urlOf(SMALL)];
  return await loaded(server, async () => {
    return parseWrk(await outputOf(onClient(stage, "wrk", ...words), stage));
  });
}

async function loaded(peer: RunningPeer, load: () => Promise<LoadReport>): Promise<Loaded> {
  const processes = (await peer.server.processes()).length;
  const before = await peer.server.processorSeconds(processes);
  const report = await load();
  const serverSeconds = await peer.server.processorSeconds(processes) - before;
  return { ...report, serverUs: serverSeconds * 1e6 / report.requests };
}

function latencyOf({ p50Us, p99Us }: Loaded): Sample {
  return { value: p50Us, extras: { p99Us } };
}

function rateOf({ requestsPerSecond, p50Us, p99Us, serverUs }: Loaded): Sample {
  return { value: requestsPerSecond, extras: { p50Us, p99Us, serverUs } };
}
