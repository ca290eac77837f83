// What a file's size costs in memory: the server's and the client's peak for a put and a get.

import { formatSize } from "../../lib/cli/format.ts";
import { outputOf } from "../measure/command.ts";
import { fileSystemOf } from "../measure/machine.ts";
import type { Sample } from "../measure/turns.ts";
import { startMorsel, type StartMorselOptions } from "../peers/morsel.ts";
import type { Stage } from "../peers/stage.ts";
import type { OpenWorkload, Workload } from "../peers/workload.ts";
import { memoryTakenBy, peakOf } from "./peak_memory.ts";

/**
 * Peaks by file size; each server and client is a process of its own that does nothing else. With `isSafe` they are as
 * on a network, over TLS with a token.
 */
export function memoryBySize(sizes: readonly number[], { isSafe = false } = {}): Workload {
  const how = isSafe ? ", encrypted" : "";
  return {
    id: isSafe ? "encrypted-memory" : "memory",
    title: () => `peak memory for a put and a get of one sparse file${how}, the server's for a put`,
    unit: "MiB",
    mostRounds: 1,
    goals: {},
    async open({ stage }): Promise<OpenWorkload> {
      const { free } = await fileSystemOf(stage.folder);
      // The server's copy and the client's: only the source is sparse.
      const fits = (size: number) => size * 2 + 2 ** 30 <= free;
      const contenders = sizes.filter(fits).map((size, index) => ({
        name: formatSize(size),
        isSubject: index === 0,
        run: () => move(stage, size, isSafe),
      }));
      const skipped = sizes.filter((size) => !fits(size)).map((size) => {
        return `${formatSize(size)}: it takes twice that, and ${formatSize(free)} are free`;
      });
      return { contenders, skipped };
    },
  };
}

async function move(stage: Stage, size: number, isSafe: boolean): Promise<Sample> {
  const source = `${stage.served}/sparse.bin`;
  const target = `${stage.fetched}/sparse.bin`;
  const dataFolder = await Deno.makeTempDir({ dir: stage.folder, prefix: "memory-" });
  try {
    await Deno.writeFile(source, new Uint8Array());
    await Deno.truncate(source, size);
    const served = { dataFolder, isSafe };
    const put = await peaks(stage, served, ["put", source]);
    const get = await peaks(stage, served, ["get", "sparse.bin", "-o", target]);
    await outputOf(["cmp", source, target], stage);
    return {
      value: put.server,
      extras: { clientPutMiB: put.client, serverGetMiB: get.server, clientGetMiB: get.client },
    };
  } finally {
    for (const path of [source, target, dataFolder]) {
      await Deno.remove(path, { recursive: true }).catch(() => {});
    }
  }
}

async function peaks(
  stage: Stage,
  served: StartMorselOptions,
  words: readonly string[],
): Promise<{ server: number; client: number }> {
  await using morsel = await startMorsel(stage, served);
  const { peakMiB: client } = await memoryTakenBy(morsel.command(...words), stage);
  return { client, server: await peakOf(morsel.server.pid) };
}
