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
    const named = command.names === "all"
      ? inAll(parsed, config)
      : command.names === "last"
      ? inLast(parsed, config)
      : undefined;
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
  return {
    flag: (asked) => options.flag(asked),
    value: (asked) => asked === name ? value : options.value(asked),
    values: (asked) => options.values(asked),
  };
}
