// A large file and many small ones over a long link, down and up: Morsel beside nginx, sftp, rsync and what iperf3 reaches,
// in turns. The link is the one of bench/link.ts, started here, or whatever else is there; bench/README.md says how.
// `deno run -A bench/long_link.ts --help`

import { formatSize } from "../lib/cli/format.ts";
import { ENDS } from "./link/namespaces.ts";
import { type LinkOptions, linkOptions, linkText } from "./link/options.ts";
import { Daemon } from "./measure/daemon.ts";
import { orUsage, parseCount, parseSize, readOptions } from "./measure/options.ts";
import { missingOf } from "./peers/installed.ts";
import { startIperf3 } from "./peers/iperf3.ts";
import { morsel } from "./peers/morsel.ts";
import { nginx } from "./peers/nginx.ts";
import { type BenchOptions, runBench } from "./peers/run_bench.ts";
import { rsync } from "./peers/rsync.ts";
import { sftp } from "./peers/sftp.ts";
import { firstWaysOf, getSmall, openGet, putLarge, putSmall } from "./peers/transfers.ts";
import type { Workload } from "./peers/workload.ts";

const HELP = `deno run -A bench/long_link.ts [OPTIONS]

  --rtt MS          makes a link with this round trip time, as bench/link.ts does and as root; 100
  --rate MBIT       the same, with this rate in Mbit/s; 1000
  --loss PERCENT    the same, with so many packets lost; 0
  --host ADDRESS    without these, for a link that is there: where servers listen; 127.0.0.1
  --server-in CMD   stands before the command of each server, as in 'ip netns exec morsel-server'
  --client-in CMD   stands before the command of each client
  --label TEXT      what the link is, for the results
  --rounds N        how often each one runs; 5
  --size SIZE       of the large file; 256MiB
  --files N         how many small files of 1 KiB; 10000
  --folder DIR      where a temporary folder is made for all files; the current one
  --output FILE     where results are written as JSON; nowhere by default`;

const longGet: Workload = {
  id: "long-get",
  title: ({ size }) => `get ${formatSize(size)} over ${label}`,
  unit: "MB/s",
  notes: ["All but the row of iperf3 are whole commands, from their start to the file on disk."],
  goals: {
    "nginx + curl": { atLeast: 1 },
    "iperf3, its own figure": { atLeast: 0.95 },
    "sftp": { atLeast: 7 },
  },
  async open(bench) {
    const { contenders, close } = await openGet(bench, firstWaysOf(bench.peers, "get"));
    if ((await missingOf([{ name: "iperf3", package: "iperf3" }])).length > 0) {
      return {
        contenders,
        skipped: ["iperf3: it is missing, apt-get install iperf3"],
        close: close!,
      };
    }
    const iperf3 = await startIperf3(bench.stage, bench.size);
    return {
      contenders: [...contenders, iperf3.contender],
      close: async () => {
        await iperf3.server[Symbol.asyncDispose]();
        await close?.();
      },
    };
  },
};

/** A workload without sftp: at some round trips a file it takes an hour for many, and minutes for a large one. */
function longWay(workload: Workload): Workload {
  return {
    ...workload,
    id: `long-${workload.id}`,
    title: (contents) => `${workload.title(contents)} over ${label}`,
    goals: {},
    open: (bench) =>
      workload.open({ ...bench, peers: bench.peers.filter(({ name }) => name !== sftp.name) }),
  };
}

const given = readOptions(
  [
    ...["rtt", "rate", "loss", "host", "server-in", "client-in", "label"] as const,
    ...["rounds", "size", "files", "folder", "output"] as const,
  ],
  HELP,
);
const link = [given.rtt, given.rate, given.loss].some((value) => value !== undefined)
  ? orUsage(() => linkOptions(given))
  : undefined;
const label = given.label ?? (link ? linkText(link) : "the link");
const options = orUsage(() => ({
  peers: [morsel, nginx, sftp, rsync],
  workloads: [longGet, longWay(putLarge), longWay(putSmall), longWay(getSmall)],
  rounds: parseCount(given.rounds ?? "5"),
  contents: { size: parseSize(given.size ?? "256MiB"), files: parseCount(given.files ?? "10000") },
  ...(link ? onOwnLink(link) : {
    host: given.host ?? "127.0.0.1",
    serverIn: wordsOf(given["server-in"]),
    clientIn: wordsOf(given["client-in"]),
  }),
  parent: given.folder ?? ".",
  output: given.output,
}));
Deno.exit(await runBench(options));

function onOwnLink(
  { rttMs, megabitsPerSecond, lossPercent }: LinkOptions,
): Pick<BenchOptions, "before" | "host" | "serverIn" | "clientIn"> {
  if ((given.host ?? given["server-in"] ?? given["client-in"]) !== undefined) {
    throw new RangeError("--host, --server-in and --client-in are for a link that is there");
  }
  const [client, server] = ENDS;
  const script = new URL("link.ts", import.meta.url).pathname;
  return {
    before: (signal) =>
      Daemon.start({
        command: [
          ...[Deno.execPath(), "run", "-A", script] as const,
          ...["--rtt", `${rttMs}`, "--rate", `${megabitsPerSecond}`, "--loss", `${lossPercent}`],
        ],
        ready: { line: /^link up/m },
        signal,
      }),
    host: server.address,
    serverIn: inNamespace(server.namespace),
    clientIn: inNamespace(client.namespace),
  };
}

function inNamespace(name: string): string[] {
  return ["ip", "netns", "exec", name];
}

function wordsOf(command: string | undefined): string[] {
  return command?.split(/\s+/).filter((word) => word !== "") ?? [];
}
