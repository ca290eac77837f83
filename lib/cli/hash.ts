// The command `hash`: the digest of a local file, without a server, to compare with what `stat` shows.

import { toHex } from "../base/hex.ts";
import { MerkleHasher } from "../base/merkle.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { printable } from "./format.ts";
import { localDigest } from "./local_digest.ts";

/** Prints the digest of a local file or of standard input. */
export async function hash(context: CommandContext): Promise<ExitCode> {
  const { operands, options, screen, host, signal } = context;
  const path = operands[0]!;
  const { digest, size } = path === "-"
    ? await inputDigest(context)
    : await localDigest(path, { files: host.files, signal });
  const line = options.flag("json")
    ? JSON.stringify({ path, size, digest })
    : `${digest}  ${printable(path)}`;
  await screen.results(line);
  return EXIT.done;
}

async function inputDigest(
  { host, signal }: CommandContext,
): Promise<{ digest: string; size: number }> {
  const hasher = new MerkleHasher();
  // Only a pipe lets a signal end a read that waits for somebody to type.
  const input = host.stdin.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal });
  for await (const bytes of input) hasher.update(bytes);
  return { digest: toHex(hasher.digest()), size: hasher.size };
}
