// What many names cost: the same small requests to servers whose catalogs have few names and many.

import { formatCount } from "../../lib/cli/format.ts";
import { outputOf } from "../measure/command.ts";
import type { Goal } from "../measure/goals.ts";
import { quantile } from "../measure/statistics.ts";
import type { Sample } from "../measure/turns.ts";
import type { FileClient } from "../../mod.ts";
import { type RunningMorsel, startMorsel } from "../peers/morsel.ts";
import type { Peer } from "../peers/peer.ts";
import type { Unit, Workload } from "../peers/workload.ts";
import { nameOf, NAMES_PER_FOLDER, prefixOf } from "./names.ts";
import { forgetPeak, memoryTakenBy, peakOf } from "./peak_memory.ts";

/** Requests in one run. */
const REQUESTS = 500;

/** A server whose catalog is filled with so many names before it starts. */
export function catalogPeer(names: number): Peer {
  const name = rowName(names);
  return {
    name,
    programs: [],
    async start(stage) {
      const dataFolder = await Deno.makeTempDir({ dir: stage.folder, prefix: "names-" });
      const script = new URL("../fill_catalog.ts", import.meta.url).pathname;
      const words = ["run", "-A", script, dataFolder, "--names", String(names)];
      await outputOf([Deno.execPath(), ...words], stage);
      return { ...await startMorsel(stage, { dataFolder }), name };
    },
  };
}

/** The workloads for such servers, the largest of which is compared with the smallest. */
export function catalogWorkloads(counts: readonly number[]): Workload[] {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const content = new Uint8Array(1024);
  const request = (
    id: string,
    work: (client: FileClient, index: number) => Promise<unknown>,
  ): Workload =>
    workload({
      id,
      title: `${id} of a small file by the number of names, p50`,
      unit: "µs",
      goals: { [rowName(least)]: { atMost: 1.2 } },
      run: (client, names) => timed(client, names, work),
    });
  const workload = ({ id, title, unit, goals = {}, ownGoal, run }: CatalogWorkload): Workload => ({
    id: `names-${id}`,
    title: () => title,
    unit,
    warmups: 1,
    goals,
    ...(ownGoal && { ownGoal }),
    open: ({ peers }) =>
      Promise.resolve({
        contenders: peers.map((peer) => ({
          name: peer.name,
          isSubject: peer.name === rowName(most),
          run: async () => {
            const morsel = peer as RunningMorsel;
            const names = counts.find((count) => rowName(count) === peer.name)!;
            return await run(await morsel.client(), names, morsel);
          },
        })),
      }),
  });
  return [
    request("get", async (client, index) => await (await client.get(nameOf(index))).bytes()),
    request("stat", (client, index) => client.stat(nameOf(index))),
    request("put", (client, index) => {
      // In the place of a name that is there, so that their number stays as it is.
      return client.put(nameOf(index), crypto.getRandomValues(content));
    }),
    workload({
      id: "page",
      title: `first page of a listing with a prefix, ${NAMES_PER_FOLDER} names`,
      unit: "ms",
      ownGoal: { atMost: 50 },
      run: firstPage,
    }),
    workload({
      id: "list",
      title: "all names by the command ls, with what it takes in memory, MiB",
      unit: "s",
      run: (_, names, morsel) => listAll(morsel, names),
    }),
  ];
}

interface CatalogWorkload {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly goals?: Readonly<Record<string, Goal>>;
  readonly ownGoal?: Goal;
  run(client: FileClient, names: number, morsel: RunningMorsel): Promise<Sample>;
}

function rowName(names: number): string {
  return `${formatCount(names)} names`;
}

/** Makes requests one after the other, each for another name. */
async function timed(
  client: FileClient,
  names: number,
  work: (client: FileClient, index: number) => Promise<unknown>,
): Promise<Sample> {
  const times: number[] = [];
  for (let count = 0; count < REQUESTS; count++) {
    const index = Math.floor(Math.random() * names);
    const began = performance.now();
    await work(client, index);
    times.push((performance.now() - began) * 1000);
  }
  return { value: quantile(times, 0.5), extras: { p99Us: quantile(times, 0.99) } };
}

async function firstPage(client: FileClient, names: number): Promise<Sample> {
  const prefix = prefixOf(names >> 1);
  const began = performance.now();
  let count = 0;
  for await (const { name } of client.list({ prefix, pageSize: NAMES_PER_FOLDER })) {
    if (!name.startsWith(prefix)) throw new Error(`${name} does not begin with ${prefix}`);
    if (++count === NAMES_PER_FOLDER) break;
  }
  return { value: performance.now() - began };
}

async function listAll(morsel: RunningMorsel, names: number): Promise<Sample> {
  const { pid } = morsel.server;
  const signal = AbortSignal.timeout(LIST_MS);
  await forgetPeak(pid);
  const before = await peakOf(pid);
  const began = performance.now();
  const { peakMiB, lines } = await memoryTakenBy(morsel.command("ls"), { signal });
  const seconds = (performance.now() - began) / 1000;
  if (lines !== names) throw new Error(`ls has printed ${lines} names`);
  return {
    value: seconds,
    extras: { clientPeakMiB: peakMiB, serverGrowthMiB: await peakOf(pid) - before },
  };
}

/** What a listing may take at most, in milliseconds. */
const LIST_MS = 300_000;
