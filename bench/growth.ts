// How Morsel's cost grows: memory with the size of a file and the number of idle connections, requests and
// listings with the number of names. `deno run -A bench/growth.ts --help`

import { catalogPeer, catalogWorkloads } from "./growth/catalog_sizes.ts";
import { memoryBySize } from "./growth/file_sizes.ts";
import { idleConnections } from "./growth/idle_connections.ts";
import {
  chosen,
  idAndGroup,
  orUsage,
  parseCount,
  parseSize,
  readOptions,
} from "./measure/options.ts";
import { runBench } from "./peers/run_bench.ts";

const HELP = `deno run -A bench/growth.ts [OPTIONS]

  --only LIST        of memory, encrypted-memory, idle, names
  --sizes LIST       of sparse files, for memory; 16MiB,1GiB,20GiB
  --connections N    that are idle; 10000
  --names LIST       numbers of names in a catalog; 1000,1000000
  --rounds N         how often each one runs; 5, but memory only once
  --folder DIR       where a temporary folder is made for all files; the current one
  --output FILE      where results are written; bench/results/growth.json unless --only`;

const given = readOptions(
  ["only", "sizes", "connections", "names", "rounds", "folder", "output"],
  HELP,
);
const all = new URL("results/growth.json", import.meta.url).pathname;
const options = orUsage(() => {
  const sizes = (given.sizes ?? "16MiB,1GiB,20GiB").split(",").map(parseSize);
  const names = (given.names ?? "1000,1000000").split(",").map(parseCount);
  const workloads = chosen(
    [
      memoryBySize(sizes),
      memoryBySize(sizes, { isSafe: true }),
      idleConnections(parseCount(given.connections ?? "10000")),
      ...catalogWorkloads(names),
    ],
    given.only,
    idAndGroup,
  );
  const needsNames = workloads.some(({ id }) => id.startsWith("names-"));
  return {
    // The largest first, as it is what the others are compared with.
    peers: needsNames ? names.toSorted((a, b) => b - a).map(catalogPeer) : [],
    workloads,
    rounds: parseCount(given.rounds ?? "5"),
    parent: given.folder ?? ".",
    output: given.output ?? (given.only === undefined ? all : undefined),
  };
});
Deno.exit(await runBench(options));
