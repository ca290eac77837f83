// Who may reach a server: its options for TLS, and the rule that an address which other machines can reach needs TLS
// and a token.

import type { Address } from "../runtime/connection.ts";
import type { ServerTlsOptions } from "../runtime/server_tls.ts";
import { quote } from "../base/names.ts";
import { formatAddress, isLoopback } from "./address.ts";
import type { OptionRule, ParsedOptions } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import type { Screen } from "./screen.ts";

/** The options for TLS. */
export const SERVER_TLS_OPTIONS: readonly OptionRule[] = [
  {
    name: "tls",
    value: "auto",
    summary: "Speak TLS with certificates of the server's own, made and renewed in the data folder",
  },
  {
    name: "tls-name",
    value: "NAME",
    repeats: true,
    summary: "A name or address that clients use, beside those of this machine; may be repeated",
  },
  { name: "tls-cert", value: "FILE", summary: "Speak TLS with this certificate (PEM)" },
  { name: "tls-key", value: "FILE", summary: "The private key of that" },
  {
    name: "tls-client-ca",
    value: "FILE",
    summary: "Let in only clients with a certificate of one of these authorities (PEM)",
  },
];

/** How the command line has the server speak TLS; undefined for plain TCP. Throws a UsageError. */
export function serverTls(given: ParsedOptions): ServerTlsOptions | undefined {
  const value = given.value("tls");
  const [certFile, keyFile] = [given.value("tls-cert"), given.value("tls-key")];
  const names = given.values("tls-name");
  const clientCaFile = given.value("tls-client-ca");
  if (value !== undefined && value !== "auto") {
    throw new UsageError(
      `--tls is auto, but not ${quote(value)}; or give --tls-cert and --tls-key`,
    );
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError("--tls-cert and --tls-key belong together; give both");
  }
  if (value && certFile !== undefined) {
    throw new UsageError("Both --tls auto and --tls-cert say what to show; keep one");
  }
  if (names.length > 0 && !value) {
    throw new UsageError("--tls-name is for certificates that --tls auto makes; add that");
  }
  const rest = clientCaFile === undefined ? {} : { clientCaFile };
  if (value) return { certificate: "auto", names, ...rest };
  if (certFile !== undefined) return { certificate: { certFile, keyFile: keyFile! }, ...rest };
  if (clientCaFile === undefined) return undefined;
  throw new UsageError("--tls-client-ca needs TLS; add --tls auto, or --tls-cert and --tls-key");
}

/** What {@linkcode guardOpenAddress} goes by. */
export interface OpenAddressOptions {
  readonly given: ParsedOptions;
  readonly screen: Screen;
  readonly tls: ServerTlsOptions | undefined;
  readonly dataFolder: string;
  readonly hasTokens?: (dataFolder: string) => Promise<boolean>;
}

/** Refuses an address beyond loopback without TLS and a token, or warns where it is wanted so. */
export async function guardOpenAddress(
  address: Address,
  { given, screen, tls, dataFolder, hasTokens }: OpenAddressOptions,
): Promise<void> {
  if (isLoopback(address.host)) return;
  const where = formatAddress(address);
  const knowsWho = await hasTokens?.(dataFolder) ?? false;
  if (tls && knowsWho) return;
  if (given.flag("insecure")) {
    return await screen.message(
      knowsWho
        ? `Warning: without TLS everybody on the way to ${where} can read what goes over it`
        : `Warning: everybody who can reach ${where} can read and write all files`,
    );
  }
  throw new UsageError(
    `Other machines can reach ${where}: ` +
      (tls
        ? "first make a token: server.ts token create NAME; or add --insecure to let everybody in"
        : "add --tls auto so that nobody reads what goes over it, or listen on 127.0.0.1, or add " +
          "--insecure to do without"),
  );
}
