// The command `hash`: the digest of a local file, without a server, to compare with what `stat` shows.

import { toHex } from "../base/hex.ts";
import { MerkleHasher } from "../base/merkle.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { locally } from "./failure.ts";
import { printable } from "./format.ts";
import { standardInput } from "./standard_input.ts";

// Large enough that reading costs little beside hashing.
const PIECE_SIZE = 1024 * 1024;

/** Prints the digest of a local file or of standard input. */
export async function hash(context: CommandContext): Promise<ExitCode> {
  const path = context.operands[0]!;
  const hasher = new MerkleHasher();
  if (path === "-") {
    for await (const bytes of standardInput(context)) hasher.update(bytes);
  } else await locally("read", path, () => hashFile(context, path, hasher));
  const digest = toHex(hasher.digest());
  const line = context.options.flag("json")
    ? JSON.stringify({ path, size: hasher.size, digest })
    : `${digest}  ${printable(path)}`;
  await context.screen.results(line);
  return EXIT.done;
}

async function hashFile(
  context: CommandContext,
  path: string,
  hasher: MerkleHasher,
): Promise<void> {
  const open = await context.host.files.open(path, "read");
  try {
    const piece = new Uint8Array(PIECE_SIZE);
    for (;;) {
      context.signal.throwIfAborted();
      const size = await open.read(piece, hasher.size);
      hasher.update(piece.subarray(0, size));
      if (size < piece.length) return;
    }
  } finally {
    await open.close();
  }
}
