// Draws the plots of the README from the results in bench/results: throughput by peer and by chunk size.
// `deno run -A bench/plot.ts`; a result that is not there is named and its plot left as it is.

import { print } from "./measure/options.ts";
import { type BarGroup, barPlot } from "./plot/bars.ts";
import { linePlot } from "./plot/lines.ts";
import type { BenchResults } from "./peers/run_bench.ts";

const RESULTS = new URL("results/", import.meta.url);

/** What chunk_sizes_bench.ts writes. */
interface ChunkSizes {
  readonly rows: readonly { readonly name: string; readonly medianMBs: number }[];
}

await draw("peers.json", "peers.svg", peersPlot);
await draw("chunk_sizes.json", "chunk_sizes.svg", chunkSizesPlot);

async function draw(
  from: string,
  to: string,
  plot: (results: string) => string | undefined,
): Promise<void> {
  const results = await Deno.readTextFile(new URL(from, RESULTS)).catch(() => undefined);
  const picture = results === undefined ? undefined : plot(results);
  if (picture === undefined) return print(`bench/results/${from} is not there or not complete`);
  await Deno.writeTextFile(new URL(to, RESULTS), picture);
  print(`bench/results/${to}`);
}

/** One large file, down and up; the fastest first. */
function peersPlot(text: string): string | undefined {
  const { workloads } = JSON.parse(text) as BenchResults;
  const groups = ["get", "put"].flatMap((id): BarGroup[] => {
    const result = workloads.find((workload) => workload.id === id);
    if (!result || result.rows.length === 0) return [];
    const bars = result.rows.map(({ name, median, min, max, ratio }) => {
      return { name, value: median, min, max, isOwn: ratio === 1 };
    });
    return [{
      title: `${result.title}, ${result.unit}`,
      bars: bars.sort((a, b) => b.value - a.value),
    }];
  });
  return groups.length === 2 ? barPlot(groups) : undefined;
}

function chunkSizesPlot(text: string): string {
  const { rows } = JSON.parse(text) as ChunkSizes;
  const values = new Map(rows.map(({ name, medianMBs }) => [name, medianMBs]));
  const sizes = rows.flatMap(({ name }) => {
    const size = /^download, chunks of (\d+)$/.exec(name)?.[1];
    return size === undefined ? [] : [Number(size)];
  });
  const of = (direction: string) => {
    return sizes.map((size) => values.get(`${direction}, chunks of ${size}`) ?? 0);
  };
  return linePlot({
    title: "Throughput by chunk size, MB/s, verified and durable",
    xTitle: "bytes in a chunk",
    sizes,
    marked: 1300,
    lines: [
      { name: "download", kind: "down", values: of("download") },
      { name: "upload", kind: "up", values: of("upload") },
    ],
  });
}
