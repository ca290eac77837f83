// Where a token comes from: a file that an option names, the configuration of the server, the environment. Never
// the command line itself, which everybody on the machine can read.

import { quote } from "../base/names.ts";
import type { HostProcess } from "../runtime/process.ts";
import { locally, UsageError } from "./failure.ts";

/** What a server is configured with. */
export interface ConfiguredToken {
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** What {@linkcode givenToken} looks at, the first that says something. */
export interface TokenSources {
  /** The value of `--token-file`. */
  readonly file: string | undefined;
  readonly configured: ConfiguredToken | undefined;
  readonly host: HostProcess;
  /** Told of a file that other users can read. */
  readonly warn: (message: string) => void;
}

/** More than a token has bytes, so that another file is noticed without reading it whole. */
const MOST_BYTES = 1024;

/** The token to prove; undefined when none is given. */
export async function givenToken(sources: TokenSources): Promise<string | undefined> {
  const { file, configured, host } = sources;
  if (file !== undefined) return await readToken(file, sources);
  if (configured?.token !== undefined) return configured.token;
  if (configured?.tokenFile !== undefined) return await readToken(configured.tokenFile, sources);
  return host.env("MORSEL_TOKEN")?.trim() || undefined;
}

async function readToken(path: string, { host, warn }: TokenSources): Promise<string> {
  const { files, windows } = host;
  const { text, mode } = await locally("read", path, async () => {
    const { bytes } = await files.readWhole(path, MOST_BYTES);
    return { text: new TextDecoder().decode(bytes).trim(), mode: (await files.stat(path))?.mode };
  });
  if (!windows && mode !== undefined && (mode & 0o077) !== 0) {
    warn(`Warning: other users can read the token in ${quote(path)}; chmod 600 keeps it from them`);
  }
  if (text !== "") return text;
  throw new UsageError(`There is no token in ${quote(path)}; put in it what token create printed`);
}
