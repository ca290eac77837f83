// One run of the simulation: a world is made of a seed, clients and faults are let loose on it, it heals, and
// what is there in the end is held against what clients were told.

import { equals } from "@std/bytes";
import { toHex } from "../../lib/base/hex.ts";
import { checkName } from "../../lib/base/names.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import type { FileRecord } from "../../lib/store/catalog.ts";
import type { FileStore } from "../../lib/store/file_store.ts";
import { uploadIds } from "../support/catalog_records.ts";
import { logProblems, wholeLog } from "../support/log_problems.ts";
import { FaultDirector } from "./fault_director.ts";
import type { Seen } from "./history.ts";
import { judge } from "./judge.ts";
import { SimClient } from "./sim_client.ts";
import { StandstillError } from "./sim_clock.ts";
import { type Plant, SimServer } from "./sim_server.ts";
import { SimWatcher } from "./sim_watcher.ts";
import { World } from "./world.ts";

/** More simulated time than any run needs, in milliseconds. */
const LIMIT_MS = 24 * 3_600_000;
/** What an operation may take at most beside the moving of bytes, in milliseconds. */
const OPERATION_MS = 1_800_000;
/** Within this a server has given up every connection whose client has gone, in milliseconds. */
const ALL_GIVEN_UP_MS = 600_000;
/** The slowest a transfer may be, in bytes a millisecond. */
const SLOWEST = 1;

/** What a run came to. */
export interface Outcome {
  readonly seed: number;
  /** What was not as it has to be, a sentence each; empty for a good run. */
  readonly problems: readonly string[];
  /** What happened, a line each; equal for equal seeds. */
  readonly log: readonly string[];
  readonly simulatedMs: number;
  readonly operations: number;
  readonly faults: ReadonlyMap<string, number>;
}

/** Runs the world of a seed. `plant` puts a bug into it, to see whether it is found. */
export async function simulate(seed: number, plant: Plant = {}): Promise<Outcome> {
  const world = new World(seed);
  // A promise that nobody looks at would end a real server.
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    world.report(`A rejection was not handled: ${event.reason?.stack ?? event.reason}`);
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  // Whoever throws dice of his own throws those of the run.
  const { random: ownRandom } = Math;
  const random = world.random.fork();
  Math.random = () => random.between(0, 1);
  const removePlant = plant.begin?.();
  try {
    await world.clock.run(live(world, plant, { isWatched: seed % 2 === 0 }), LIMIT_MS);
  } catch (thrown) {
    if (thrown instanceof StandstillError) reportStandstill(world, thrown);
    else world.report(`The run broke off: ${thrown instanceof Error ? thrown.stack : thrown}`);
  } finally {
    globalThis.removeEventListener("unhandledrejection", onRejection);
    Math.random = ownRandom;
    removePlant?.();
  }
  world.log("world", `${world.clock.steps} events, fingerprint ${world.clock.fingerprint}`);
  return {
    seed,
    problems: world.problems,
    log: world.lines,
    simulatedMs: world.clock.nowMs,
    operations: world.history.operations.length,
    faults: world.faults,
  };
}

async function live(
  world: World,
  plant: Plant,
  { isWatched }: { isWatched: boolean },
): Promise<void> {
  const { random } = world;
  const window = random.pick([256 * 1024, 1024 * 1024, DEFAULT_LIMITS.window]);
  const server = new SimServer(world, { limits: { ...DEFAULT_LIMITS, window }, plant });
  await server.start();
  // Some runs are calm: then nothing has a reason to fail.
  const director = new FaultDirector(world, server, random.chance(0.05) ? 0 : random.whole(1, 15));
  director.start();
  const clients = Array.from(
    { length: random.whole(1, 4) },
    (_, index) => new SimClient(`client${index + 1}`, world, server),
  );
  const watcher = isWatched ? new SimWatcher("watcher", world) : undefined;
  watcher?.start();
  await Promise.all(clients.map((client) => client.run(random.whole(5, 25))));
  await director.stop();
  await watcher?.finish();
  if (world.owners.limited && random.chance(0.5)) {
    await world.process.wait(ALL_GIVEN_UP_MS);
    await world.owners.probe(world, server.store);
  }
  await (random.chance(0.5) ? server.stop() : server.die("power"));
  await server.looked();
  await inspect(world, server);
}

/** Opens the store once more, and looks at all that is there. */
async function inspect(world: World, server: SimServer): Promise<void> {
  const { store, files, process } = await server.openStore();
  const records = await store.list({ prefix: "", after: "", limit: 10_000 });
  for (const record of records) await checkContent(world, store, record);
  await checkBlobs(world, records);
  await world.owners.probe(world, store);
  await store[Symbol.asyncDispose]();
  if (files.openFiles > 0) world.report(`The store left ${files.openFiles} open files`);
  if (process.timers > 0) world.report(`The store left ${process.timers} timers`);
  checkDurations(world);
  await checkLog(world);
  for (const problem of judge(world.history, records.map(seenOf))) world.report(problem);
}

/** Every visible file is whole, and somebody put it. */
async function checkContent(world: World, store: FileStore, record: FileRecord): Promise<void> {
  const { name, size, digest, version } = record;
  const content = world.contents.find(toHex(digest));
  if (!content) return world.report(`${name} has a content that nobody put`);
  try {
    const open = await store.openVersion(name, version);
    const bytes = new Uint8Array(size);
    await open.read(bytes, 0);
    await open.close();
    if (!equals(bytes, content.bytes)) world.report(`${name} has lost bytes of version ${version}`);
  } catch (thrown) {
    world.report(`${name} cannot be read: ${thrown}`);
  }
}

/** No row without its blob, no blob without its row. */
async function checkBlobs(world: World, records: readonly FileRecord[]): Promise<void> {
  const rows = world.catalog.engine;
  const named = new Set<string>();
  for (const { name } of records) {
    const stored = await rows.find(checkName(name));
    if (stored?.place.kind === "blob") named.add(`blobs/${stored.place.id}`);
  }
  const uploads = await uploadIds(rows);
  for (const id of uploads) named.add(`uploads/${id}`);
  const there = new Set(
    world.disk.paths().map((path) => {
      const parts = path.split("/");
      return `${parts.includes("blobs") ? "blobs" : "uploads"}/${parts.at(-1)}`;
    }),
  );
  for (const path of named) if (!there.has(path)) world.report(`A row names ${path}: not there`);
  // A crash while a blob is renamed may show it at both places: what ends the upload ends both.
  for (const id of uploads) named.add(`blobs/${id}`);
  for (const path of there) if (!named.has(path)) world.report(`No row names ${path}`);
  const garbage = await rows.garbage();
  if (garbage.length > 0) world.report(`Garbage is left: ${garbage}`);
}

/** The log tells what is there, and every change that was answered. */
async function checkLog(world: World): Promise<void> {
  const { engine } = world.catalog;
  for (const problem of await logProblems(engine)) world.report(problem);
  const log = await wholeLog(engine);
  for (const { client, kind, key, outcome, seen: [file] } of world.history.operations) {
    const isPut = kind === "put" || kind === "move" || kind === "copy";
    if (outcome !== "done" || !isPut || !file) continue;
    const entry = log[file.version - 1];
    if (entry?.kind === "put" && toHex(entry.file.digest) === file.digest) continue;
    world.report(`${client} ${kind} ${key} made version ${file.version}, which the log has not`);
  }
}

/** Nobody waited longer than the deadlines let one. */
function checkDurations(world: World): void {
  for (const { client, kind, key, startMs, endMs, size = 0 } of world.history.operations) {
    if (endMs - startMs > OPERATION_MS + size / SLOWEST) {
      world.report(`${client} ${kind} ${key} took ${Math.round((endMs - startMs) / 1000)} s`);
    }
  }
}

function reportStandstill(world: World, error: StandstillError): void {
  world.report(error.message);
  for (const { client, kind, key, outcome, startMs } of world.history.operations) {
    if (outcome !== "pending") continue;
    world.report(`${client} ${kind} ${key} waits since ${Math.round(startMs / 1000)} s`);
  }
}

function seenOf({ name, version, digest }: FileRecord): Seen {
  return { key: new TextDecoder().decode(checkName(name).key), version, digest: toHex(digest) };
}
