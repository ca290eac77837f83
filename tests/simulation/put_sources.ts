// The ways in which a program can give the bytes of a put: all at once, by position, or as a stream.

import type { PutSource } from "../../lib/client/types.ts";
import type { SimRandom } from "./random.ts";
import type { SimProcess } from "./sim_clock.ts";

/** The longest that a slow source rests before its next bytes, in milliseconds. */
const REST_MS = 5000;

/** These bytes in one of the ways; some are slow. */
export function putSource(
  bytes: Uint8Array<ArrayBuffer>,
  { random, process }: { random: SimRandom; process: SimProcess },
): PutSource {
  if (random.chance(0.6)) return bytes;
  const isSlow = random.chance(0.3);
  const rest = () => process.wait(isSlow ? random.magnitude(REST_MS) : 0);
  if (random.chance(0.5)) {
    return {
      read: async (into, position) => {
        await rest();
        const piece = bytes.subarray(position, position + into.length);
        into.set(piece);
        return piece.length;
      },
    };
  }
  let offset = 0;
  return new ReadableStream({
    pull: async (controller) => {
      await rest();
      const piece = bytes.slice(offset, offset + 1 + random.magnitude(500_000));
      offset += piece.length;
      if (piece.length > 0) controller.enqueue(piece);
      else controller.close();
    },
  });
}
