// The digest of a local file, as the server would give it.

import { toHex } from "../base/hex.ts";
import { MerkleHasher } from "../base/merkle.ts";
import type { LocalFiles } from "../runtime/files.ts";
import { locally } from "./failure.ts";

// Large enough that reading costs little beside hashing.
const PIECE_SIZE = 1024 * 1024;

/** Hashes a local file. Throws a LocalFileError, and the signal's reason between two pieces. */
export function localDigest(
  path: string,
  { files, signal }: { files: LocalFiles; signal: AbortSignal },
): Promise<{ digest: string; size: number }> {
  return locally("read", path, async () => {
    const open = await files.open(path, "read");
    try {
      const hasher = new MerkleHasher();
      const piece = new Uint8Array(Math.min(PIECE_SIZE, await open.size() + 1));
      for (let size = piece.length; size === piece.length;) {
        signal.throwIfAborted();
        size = await open.read(piece, hasher.size);
        hasher.update(piece.subarray(0, size));
      }
      return { digest: toHex(hasher.digest()), size: hasher.size };
    } finally {
      await open.close();
    }
  });
}
