// The configuration file: servers by name, and which of them is asked when nothing else says so. It is JSON, as
// every runtime reads that without a parser to bring along. What is wrong in it is one line that says where.

import { quote } from "../base/names.ts";
import type { Address } from "../runtime/connection.ts";
import type { HostProcess } from "../runtime/process.ts";
import { parseAddress } from "./address.ts";
import { locally, UsageError } from "./failure.ts";
import type { ConfiguredToken } from "./given_token.ts";
import { suggest } from "./suggestion.ts";

/** What is configured. */
export interface Config {
  /** Where the servers are that have a name. */
  readonly servers: ReadonlyMap<string, Address>;
  /** The tokens of those servers that have one here. */
  readonly tokens: ReadonlyMap<Address, ConfiguredToken>;
  /** The server to ask by default: its name, or `HOST:PORT`. */
  readonly server: string | undefined;
}

const NOTHING: Config = { servers: new Map(), tokens: new Map(), server: undefined };

/** What is read of the file, in bytes; no configuration is larger. */
const MOST_BYTES = 1024 * 1024;

/**
 * Reads the configuration. Without one, or where reading it would first ask the user, nothing is configured;
 * one that MORSEL_CONFIG names must be there. Throws a UsageError for what is wrong in it.
 */
export async function readConfig(host: HostProcess): Promise<Config> {
  const named = host.env("MORSEL_CONFIG");
  const path = named || defaultPath(host);
  if (!path || (!named && !host.mayRead(path))) return NOTHING;
  const text = await locally("read", path, () => readText(host, path, !!named));
  if (text === undefined) return NOTHING;
  return configIn(text, `The configuration ${quote(path)}`);
}

function defaultPath(host: HostProcess): string | undefined {
  if (host.windows) {
    const folder = host.env("APPDATA");
    return folder && `${folder}\\morsel\\config.json`;
  }
  const home = host.env("HOME");
  const folder = host.env("XDG_CONFIG_HOME") || (home && `${home}/.config`);
  return folder && `${folder}/morsel/config.json`;
}

async function readText(
  { files }: HostProcess,
  path: string,
  isNeeded: boolean,
): Promise<string | undefined> {
  if (!isNeeded && !await files.stat(path)) return undefined;
  const open = await files.open(path, "read");
  try {
    const bytes = new Uint8Array(Math.min(MOST_BYTES, await open.size()));
    return new TextDecoder().decode(bytes.subarray(0, await open.read(bytes, 0)));
  } finally {
    await open.close();
  }
}

function configIn(text: string, where: string): Config {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${where} is not JSON: ${reason}`);
  }
  const { server, servers = {} } = fields(value, { where, known: ["server", "servers"] });
  if (server !== undefined && typeof server !== "string") {
    throw new UsageError(`${where} has a "server" that is not a name or HOST:PORT in quotes`);
  }
  const entries = Object.entries(fields(servers, { where: `${where}, in "servers",` }))
    .map(([name, entry]) => [name, configuredServer(name, entry, where)] as const);
  return {
    server,
    servers: new Map(entries.map(([name, { address }]) => [name, address])),
    tokens: new Map(entries.map(([, { address, ...token }]) => [address, token])),
  };
}

function configuredServer(
  name: string,
  entry: unknown,
  where: string,
): ConfiguredToken & { address: Address } {
  const place = `${where}, in "servers.${name}",`;
  // One letter and a colon are a drive on Windows.
  if (!/^[a-z0-9][\w.-]+$/i.test(name)) {
    throw new UsageError(
      `${where} names a server ${quote(name)}; use two or more letters, digits, "-", "_" or "."`,
    );
  }
  const known = ["address", "token", "tokenFile"];
  const { address, token, tokenFile } = fields(entry, { where: place, known });
  if (typeof address !== "string") {
    throw new UsageError(`${place} needs an "address" such as "192.168.1.20:1300"`);
  }
  return {
    address: parseAddress(address, { source: `${place} "address"` }),
    token: textOf(token, `${place} "token"`),
    tokenFile: textOf(tokenFile, `${place} "tokenFile"`),
  };
}

function textOf(value: unknown, where: string): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw new UsageError(`${where} is not a text in quotes`);
}

/** The fields of a JSON object, all of them known ones; any field where `known` is left out. */
function fields(
  value: unknown,
  { where, known }: { where: string; known?: readonly string[] },
): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${where} is not an object in braces`);
  }
  for (const key of Object.keys(value)) {
    if (!known || known.includes(key)) continue;
    const meant = suggest(key, known);
    const next = meant
      ? `did you mean ${quote(meant)}?`
      : `it may have ${known.map(quote).join(" and ")}`;
    throw new UsageError(`${where} has the unknown key ${quote(key)}; ${next}`);
  }
  return value as Record<string, unknown>;
}
