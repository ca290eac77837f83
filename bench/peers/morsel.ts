// Morsel as its users run it: the two programs with Deno, default settings, verified and durable.

import { type Command, outputOf } from "../measure/command.ts";
import { Daemon, type DaemonOptions } from "../measure/daemon.ts";
import { connect, type FileClient } from "../../mod.ts";
import config from "../../deno.json" with { type: "json" };
import type { Peer, RunningPeer } from "./peer.ts";
import { discard, onClient, onServer, type Stage } from "./stage.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Morsel's server and client. */
export const morsel: Peer = { name: "morsel", programs: [], start: (stage) => startMorsel(stage) };

/** A running Morsel. */
export interface RunningMorsel extends RunningPeer {
  /** `host:port`. */
  readonly address: string;
  /** Connected when it is first asked for; closed with the peer. */
  client(): Promise<FileClient>;
  /** A command of the command line client. */
  command(...args: string[]): Command;
  /** Whether the help of a command of the client mentions this, such as an option. */
  knows(command: string, word: string): Promise<boolean>;
}

/** How a server is started, where it is not as users do it. */
export interface StartMorselOptions {
  /** A folder that is there; a new one by default. */
  readonly dataFolder?: string;
  /** More of the server's command line. */
  readonly args?: readonly string[];
  /** Whether as on a network by default: over TLS, with a token that its clients prove. */
  readonly isSafe?: boolean;
}

/** Starts a server. */
export async function startMorsel(
  stage: Stage,
  { dataFolder, args = [], isSafe = false }: StartMorselOptions = {},
): Promise<RunningMorsel> {
  const folder = dataFolder ?? await Deno.makeTempDir({ dir: stage.folder, prefix: "morsel-" });
  const given = isSafe ? await makeToken(stage, folder) : [];
  const start = serverStart(stage, folder, args);
  const server = await Daemon.start(isSafe ? overTls(stage, start) : start);
  const address = server.match[1]!;
  const run = [Deno.execPath(), "run", "-A", `${ROOT}client.ts`, "--server", address] as const;
  const command = (...args: string[]): Command => onClient(stage, ...run, ...given, ...args);
  let connected: Promise<FileClient> | undefined;
  const client = () => connected ??= connect(address);
  return {
    name: morsel.name,
    version: `morsel ${config.version}`,
    server,
    address,
    command,
    client,
    knows: async (name, word) => (await outputOf(command(name, "--help"), stage)).includes(word),
    ways: waysOf(command),
    ...inStore(stage, command),
    [Symbol.asyncDispose]: async () => {
      await (await connected?.catch(() => undefined))?.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Whether the help of the server mentions this, such as an option. */
export async function serverKnows(stage: Stage, word: string): Promise<boolean> {
  const help = await outputOf([Deno.execPath(), "run", "-A", `${ROOT}server.ts`, "--help"], stage);
  return help.includes(word);
}

/** How the server is started on a data folder. */
export function serverStart(
  stage: Stage,
  dataFolder: string,
  args: readonly string[] = [],
): DaemonOptions {
  const isLoopback = stage.host.startsWith("127.");
  return {
    command: onServer(
      stage,
      ...[Deno.execPath(), "run", "-A", `${ROOT}server.ts`] as const,
      ...["--listen", `${stage.host}:0`, "--data", dataFolder],
      ...(isLoopback ? [] : ["--insecure"]),
      ...args,
    ),
    ready: { line: /^listening on (\S+)$/m },
    signal: stage.signal,
  };
}

/** Makes a token for everything; returns the words with which a client has it. */
async function makeToken(stage: Stage, dataFolder: string): Promise<string[]> {
  // A data folder may have one from before.
  const name = `bench-${crypto.randomUUID()}`;
  const words = ["token", "create", name, "--allow", "read,list,create,write,delete"];
  const server = [Deno.execPath(), "run", "-A", `${ROOT}server.ts`] as const;
  const said = await outputOf([...server, ...words, "--data", dataFolder], stage);
  const path = `${stage.folder}/token`;
  await Deno.writeTextFile(path, /^morsel_\S+$/m.exec(said)![0], { mode: 0o600 });
  return ["--token-file", path];
}

function overTls(stage: Stage, { command, ...start }: DaemonOptions): DaemonOptions {
  return {
    ...start,
    command: [...command, "--tls", "auto", "--tls-name", stage.host],
    ready: { line: /^clients connect to (\S+)$/m },
  };
}

function waysOf(command: RunningMorsel["command"]): RunningPeer["ways"] {
  return {
    get: [{ name: "Morsel", commands: (from, to) => [command("get", from, "-o", to)] }],
    put: [{ name: "Morsel, durable", commands: (from, to) => [command("put", from, "--as", to)] }],
    getFolder: [{
      name: "Morsel get -r",
      commands: (from, to) => [command("get", "-r", from, "-o", to)],
    }],
    putFolder: [{
      name: "Morsel put -r, each durable",
      commands: (from) => [command("put", "-r", from)],
    }],
  };
}

/** By commands, as only those are where the server can be reached. A folder is all that has a name below the folder's. */
function inStore(
  stage: Stage,
  command: RunningMorsel["command"],
): Pick<RunningPeer, "readBack" | "remove"> {
  const namesBelow = async (folder: string) => {
    const listed = await outputOf(command("ls", `${folder}/`), stage);
    return listed.split("\n").filter((name) => name !== "");
  };
  const local = `${stage.folder}/read-back`;
  return {
    async readBack(name) {
      await Deno.mkdir(local, { recursive: true });
      const isFolder = (await namesBelow(name)).length > 0;
      const target = `${local}/${name}`;
      await outputOf(command("get", ...isFolder ? ["-r"] : [], name, "-o", target), stage);
      return target;
    },
    async remove(name) {
      const names = await namesBelow(name);
      await outputOf(command("rm", ...names.length > 0 ? names : [name]), stage);
      await discard(stage, local).catch(() => {});
    },
  };
}
