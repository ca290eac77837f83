// Morsel beside others who move files, on this machine, over loopback, in turns. Who is not installed is named
// and left out. `deno run -A bench/peers.ts --help`; bench/README.md says what is measured and how.

import {
  chosen,
  idAndGroup,
  orUsage,
  parseCount,
  parseSize,
  readOptions,
} from "./measure/options.ts";
import { least } from "./peers/least.ts";
import { morsel } from "./peers/morsel.ts";
import { nginx } from "./peers/nginx.ts";
import { getEncrypted, putEncrypted } from "./peers/encrypted.ts";
import { latency, rate16, rate256 } from "./peers/requests.ts";
import { rsync } from "./peers/rsync.ts";
import { runBench } from "./peers/run_bench.ts";
import { sftp } from "./peers/sftp.ts";
import { startServer } from "./peers/start.ts";
import { tftp } from "./peers/tftp.ts";
import {
  getChunks,
  getConnections,
  getLarge,
  getSmall,
  putChunks,
  putLarge,
  putSmall,
  wholeCommand,
} from "./peers/transfers.ts";
import { vsftpd } from "./peers/vsftpd.ts";

const PEERS = [morsel, nginx, sftp, vsftpd, rsync, tftp, least];
const WORKLOADS = [
  ...[getLarge, putLarge, putSmall, getSmall, latency, rate16, rate256],
  ...[getEncrypted, putEncrypted, getConnections, getChunks, putChunks, startServer, wholeCommand],
];

const HELP = `deno run -A bench/peers.ts [OPTIONS]

  --only LIST      of ${WORKLOADS.map(({ id }) => id).join(", ")};
                   small, rate, encrypted and chunks choose both of theirs
  --peers LIST     of ${PEERS.map(({ name }) => name).join(", ")}
  --rounds N       how often each one runs; 5
  --size SIZE      of the large file; 1GiB
  --files N        how many small files; 10000
  --seconds N      how long requests are made in one run of a rate or latency; 4
  --folder DIR     where a temporary folder is made for all files; the current one
  --output FILE    where results are written; bench/results/peers.json unless --only or --peers`;

const given = readOptions(
  ["only", "peers", "rounds", "size", "files", "seconds", "folder", "output"],
  HELP,
);
const isWhole = given.only === undefined && given.peers === undefined;
const all = new URL("results/peers.json", import.meta.url).pathname;
const options = orUsage(() => ({
  peers: chosen(PEERS, given.peers, (peer) => [peer.name]),
  workloads: chosen(WORKLOADS, given.only, idAndGroup),
  rounds: parseCount(given.rounds ?? "5"),
  contents: {
    size: parseSize(given.size ?? "1GiB"),
    files: parseCount(given.files ?? "10000"),
  },
  seconds: parseCount(given.seconds ?? "4"),
  parent: given.folder ?? ".",
  output: given.output ?? (isWhole ? all : undefined),
}));
Deno.exit(await runBench(options));
