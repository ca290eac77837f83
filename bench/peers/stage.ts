// Where peers meet: one folder with what is moved, what arrives and everybody's configuration, on one file
// system, and the address they talk over.

import type { Command } from "../measure/command.ts";

/** What a peer is started on. */
export interface Stage {
  /** Everything is below it; removed at the end. */
  readonly folder: string;
  /** The files that are fetched and stored: the folder that peers other than Morsel serve as it is. */
  readonly served: string;
  /** A folder in `served` for what is stored with a peer other than Morsel. */
  readonly incoming: string;
  /** Where clients put what they fetch. */
  readonly fetched: string;
  /** Where servers listen. */
  readonly host: string;
  /** Stands before the command of each server, and of each client: `ip netns exec …`. */
  readonly serverIn: readonly string[];
  readonly clientIn: readonly string[];
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** The files in `served`. */
export const LARGE = "large.bin";
/** A sixteenth of the large one, for those that would take minutes. */
export const PART = "part.bin";
export const SMALL = "small.bin";
export const MANY = "many";

/** How many times smaller {@linkcode PART} is. */
export const PART_DIVISOR = 16;
/** Bytes in the small file, and in each of the many. */
export const SMALL_SIZE = 1024;

/** Options of {@linkcode openStage}. */
export type StageOptions =
  & Pick<Stage, "folder" | "signal">
  & Partial<Pick<Stage, "host" | "serverIn" | "clientIn">>;

/** Makes the folders of a stage in an empty one. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { folder, signal, host = "127.0.0.1", serverIn = [], clientIn = [] } = options;
  const served = `${folder}/served`;
  const incoming = `${served}/incoming`;
  const fetched = `${folder}/fetched`;
  for (const path of [served, incoming, fetched]) await Deno.mkdir(path);
  return { folder, served, incoming, fetched, host, serverIn, clientIn, signal };
}

/** What is moved. */
export interface Contents {
  /** Bytes in the large file. */
  readonly size: number;
  /** How many small files there are. */
  readonly files: number;
}

/** Fills `served` with files of random bytes. */
export async function layOut(stage: Stage, { size, files }: Contents): Promise<void> {
  const { served, signal } = stage;
  await Deno.mkdir(`${served}/${MANY}`);
  await writeRandom(`${served}/${LARGE}`, size, signal);
  await writeRandom(`${served}/${PART}`, Math.ceil(size / PART_DIVISOR), signal);
  await writeRandom(`${served}/${SMALL}`, SMALL_SIZE, signal);
  for (let index = 0; index < files; index++) {
    const name = `${String(index).padStart(5, "0")}.bin`;
    await writeRandom(`${served}/${MANY}/${name}`, SMALL_SIZE, signal);
  }
}

/**
 * Takes what has been compared out of the way. A folder stays until the end: after many removals some file
 * systems create the next files at a tenth of the rate for a while, which whoever comes next would pay for.
 */
export async function discard({ folder }: Stage, path: string): Promise<void> {
  if ((await Deno.stat(path)).isFile) return await Deno.remove(path);
  const aside = `${folder}/aside`;
  await Deno.mkdir(aside, { recursive: true });
  await Deno.rename(path, `${aside}/${crypto.randomUUID()}`);
}

/** A command in the place where servers run. */
export function onServer(stage: Stage, ...command: Command): Command {
  return [...stage.serverIn, ...command] as unknown as Command;
}

/** A command in the place where clients run. */
export function onClient(stage: Stage, ...command: Command): Command {
  return [...stage.clientIn, ...command] as unknown as Command;
}

/** A port that is free now on every address: outside this process only its number says who listens. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  return listener.addr.port;
}

/** Random, as what can be compressed or is the same in every block could be moved in other ways. */
async function writeRandom(path: string, size: number, signal: AbortSignal): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const piece = new Uint8Array(Math.min(size, MOST_RANDOM_BYTES));
  for (let left = size; left > 0;) {
    signal.throwIfAborted();
    const bytes = crypto.getRandomValues(piece.subarray(0, Math.min(left, piece.length)));
    for (let start = 0; start < bytes.length;) start += await file.write(bytes.subarray(start));
    left -= bytes.length;
  }
}

/** What `getRandomValues` gives at most in one call. */
const MOST_RANDOM_BYTES = 65536;
