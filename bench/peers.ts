// Morsel beside others who move files, on this machine, over loopback, in turns. Who is not installed is named
// and left out. `deno run -A bench/peers.ts --help`; bench/README.md says what is measured and how.

import { parseArgs } from "@std/cli";
import { parseCount, parseSize } from "./measure/sizes.ts";
import { morsel } from "./peers/morsel.ts";
import { nginx } from "./peers/nginx.ts";
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

const PEERS = [morsel, nginx, sftp, vsftpd, rsync, tftp];
const WORKLOADS = [
  ...[getLarge, putLarge, putSmall, getSmall, latency, rate16, rate256],
  ...[getConnections, getChunks, putChunks, startServer, wholeCommand],
];

const HELP = `deno run -A bench/peers.ts [OPTIONS]

  --only LIST      of ${WORKLOADS.map(({ id }) => id).join(", ")};
                   small, rate and chunks choose both of theirs
  --peers LIST     of ${PEERS.map(({ name }) => name).join(", ")}
  --rounds N       how often each one runs; 5
  --size SIZE      of the large file; 1GiB
  --files N        how many small files; 10000
  --seconds N      how long requests are made in one run of a rate or latency; 4
  --folder DIR     where a temporary folder is made for all files; the current one
  --output FILE    where results are written; bench/results/peers.json unless --only or --peers`;

const given = parseArgs(Deno.args, {
  string: ["only", "peers", "rounds", "size", "files", "seconds", "folder", "output"],
  boolean: ["help"],
  unknown: (word) => usage(`Unknown: ${word}`),
});
if (given.help) {
  await Deno.stdout.write(new TextEncoder().encode(`${HELP}\n`));
  Deno.exit(0);
}
Deno.exit(await runBench(optionsOf()));

function optionsOf(): Parameters<typeof runBench>[0] {
  const isWhole = given.only === undefined && given.peers === undefined;
  const all = new URL("results/peers.json", import.meta.url).pathname;
  try {
    return {
      peers: chosen(PEERS, given.peers, (peer) => [peer.name]),
      workloads: chosen(WORKLOADS, given.only, ({ id }) => [id, id.split("-")[0]!]),
      rounds: parseCount(given.rounds ?? "5"),
      size: parseSize(given.size ?? "1GiB"),
      files: parseCount(given.files ?? "10000"),
      seconds: parseCount(given.seconds ?? "4"),
      parent: Deno.realPathSync(given.folder ?? "."),
      output: given.output ?? (isWhole ? all : undefined),
    };
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

/** Those of `all` that a list with commas names, in the order of `all`. Throws a RangeError. */
function chosen<T>(
  all: readonly T[],
  list: string | undefined,
  namesOf: (item: T) => readonly string[],
): T[] {
  if (list === undefined) return [...all];
  const wanted = list.split(",");
  const known = all.flatMap(namesOf);
  const wrong = wanted.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new RangeError(`"${wrong}" is not one of ${known.join(", ")}`);
  return all.filter((item) => namesOf(item).some((name) => wanted.includes(name)));
}

function usage(text: string): never {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}; see --help\n`));
  Deno.exit(2);
}
