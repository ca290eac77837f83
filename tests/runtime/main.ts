// `deno task pairs`: server and client on each two of the runtimes that are there, as a table of Markdown. The
// whole network suite with ten thousand connections, and the story of the two programs with a large file.

import { CLIENT, SERVER } from "../../build/binaries.ts";
import { findRuntimes, programOn, type Runtime, usable } from "../support/runtimes.ts";
import { NETWORK_CASES } from "./network_conformance.ts";
import { tryNetworkPair } from "./network_pair.ts";
import { tellStory } from "./programs_story.ts";

const MIB = 1024 * 1024;
const SIZE = 128 * MIB;
const CROWD = 10_000;

const found = await findRuntimes();
for (const runtime of found) {
  if ("missing" in runtime) await print(`${runtime.name} is left out: ${runtime.missing}`);
}
await print(`| server | client | network | ${CROWD} connections | programs | put | get |`);
await print("|---|---|---|---:|---|---:|---:|");
for (const server of usable(found)) {
  for (const client of usable(found)) await print(await row(server, client));
}

async function row(server: Runtime, client: Runtime): Promise<string> {
  const outcomes = await tryNetworkPair(server, client, { crowd: CROWD });
  const failed = outcomes.find(({ failure }) => failure !== undefined);
  if (failed) throw new Error(`${failed.sentence}: ${failed.failure}`);
  const crowdMs = outcomes.find(({ sentence }) => sentence.startsWith("many connections"))!.tookMs;
  let parts = 0;
  const programs = { server: programOn(server, SERVER), client: programOn(client, CLIENT) };
  const { putMs, getMs } = await tellStory(programs, {
    size: SIZE,
    step: async (_, part) => {
      await part();
      parts++;
    },
  });
  return `| ${server.name} ${server.version} | ${client.name} ${client.version} | ` +
    `${outcomes.length} of ${NETWORK_CASES.length} | ${seconds(crowdMs)} | all ${parts} | ` +
    `${rate(putMs)} | ${rate(getMs)} |`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function rate(ms: number): string {
  return `${Math.round(SIZE / ms / 1000)} MB/s`;
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}
