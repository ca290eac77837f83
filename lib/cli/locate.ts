// Which server a command line means, and what is left of its operands: `home:photos/a.jpg` is `photos/a.jpg`
// on the server that is configured as `home`. Any other colon is part of a name, and with `--server` all are.

import { quote } from "../base/names.ts";
import type { Address } from "../runtime/connection.ts";
import type { HostProcess } from "../runtime/process.ts";
import { parseAddress } from "./address.ts";
import type { ParsedArguments, ParsedOptions } from "./arguments.ts";
import type { Command } from "./command.ts";
import { type Config, readConfig } from "./config.ts";
import { UsageError } from "./failure.ts";
import type { ConfiguredToken } from "./given_token.ts";

/** A command line whose server is known; its operands name no server any more. */
export interface Located extends ParsedArguments {
  readonly address: Address;
  /** What the configuration says of its token. */
  readonly configured?: ConfiguredToken | undefined;
}

const DEFAULT_ADDRESS: Address = parseAddress("127.0.0.1", { source: "--server" });

/** Finds the server. Throws a UsageError where the operands mean several, or a name or an address is wrong. */
export async function locate(
  command: Command,
  parsed: ParsedArguments,
  host: HostProcess,
): Promise<Located> {
  if (command.isLocal) return { ...parsed, address: DEFAULT_ADDRESS };
  const config = await readConfig(host);
  const given = parsed.options.value("server");
  if (given === undefined) {
    const named = command.names && IN_OPERANDS[command.names](parsed, config);
    if (named) return { ...named, configured: config.tokens.get(named.address) };
  }
  const address = chosenAddress(given, config, host);
  return { ...parsed, address, configured: config.tokens.get(address) };
}

function chosenAddress(given: string | undefined, config: Config, host: HostProcess): Address {
  const { servers, server } = config;
  const find = (text: string, source: string) =>
    servers.get(text) ?? parseAddress(text, { source });
  if (given !== undefined) return find(given, "--server");
  const variable = host.env("MORSEL_SERVER");
  if (variable) return find(variable, "MORSEL_SERVER");
  return server === undefined ? DEFAULT_ADDRESS : find(server, '"server" in the configuration');
}

interface Place {
  readonly server: string;
  readonly name: string;
}

/** What stands before and behind the first colon, if that is the name of a server. */
function placeIn(operand: string, { servers }: Config): Place | undefined {
  const colon = operand.indexOf(":");
  const server = operand.slice(0, Math.max(0, colon));
  return servers.has(server) ? { server, name: operand.slice(colon + 1) } : undefined;
}

function inAll(parsed: ParsedArguments, config: Config): Located | undefined {
  const { operands } = parsed;
  const places = operands.map((operand) => placeIn(operand, config));
  const first = places.find((place) => place !== undefined);
  if (!first) return undefined;
  const { server } = first;
  for (const [index, place] of places.entries()) {
    if (place?.server === server) continue;
    const operand = quote(operands[index]!);
    throw new UsageError(
      place
        ? `One command asks one server, but ${operand} is not on ${quote(server)}; run it twice`
        : `${operand} names no server as the others do; write ${quote(`${server}:`)} before it`,
    );
  }
  const names = places.map((place) => place!.name);
  return { ...parsed, operands: names, address: config.servers.get(server)! };
}

function inLast(parsed: ParsedArguments, config: Config): Located | undefined {
  const { operands, options } = parsed;
  const place = operands.length > 1 ? placeIn(operands.at(-1)!, config) : undefined;
  if (!place) return undefined;
  const { server, name } = place;
  if (options.value("as") !== undefined) {
    throw new UsageError(
      `Both --as and ${quote(operands.at(-1)!)} say what to store it as; keep one`,
    );
  }
  return {
    operands: operands.slice(0, -1),
    options: name === "" ? options : withValue(options, "as", name),
    address: config.servers.get(server)!,
  };
}

function withValue(options: ParsedOptions, name: string, value: string): ParsedOptions {
  return { ...options, value: (asked) => asked === name ? value : options.value(asked) };
}

/** The side with a server is the one that is there, so that a source with one needs no `--down`. */
function inOne(parsed: ParsedArguments, config: Config): Located | undefined {
  const { operands, options } = parsed;
  const [source, target] = operands.map((operand) => placeIn(operand, config));
  if (source && target) {
    throw new UsageError("Both name a server, but one of them is to be a folder here");
  }
  if (target && options.flag("down")) {
    const operand = quote(operands[1]!);
    throw new UsageError(`With --down the server comes first, but ${operand} is second; swap them`);
  }
  if (source) {
    return {
      operands: [source.name, operands[1]!],
      options: { ...options, flag: (asked) => asked === "down" || options.flag(asked) },
      address: config.servers.get(source.server)!,
    };
  }
  return target && {
    operands: [operands[0]!, target.name],
    options,
    address: config.servers.get(target.server)!,
  };
}

/** How operands name a server, by what the table says of the command. */
const IN_OPERANDS = { all: inAll, last: inLast, one: inOne } as const;
