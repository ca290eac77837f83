// A client and a peer that has greeted it, and then says whatever a test wants it to say.

import type { Clock } from "../../lib/base/clock.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { hello, welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { memoryPair } from "./memory_connection.ts";
import { RawPeer } from "./raw_peer.ts";

/** A client, and the server's end of its connection, which has greeted. */
export async function greetedPair(
  clock: Clock = systemClock,
): Promise<{ client: FileClient; peer: RawPeer }> {
  const [near, far] = memoryPair();
  const peer = new RawPeer(far);
  const opening = FileClient.open(near, { clock });
  await peer.expect("Hello");
  const { reply } = welcome(hello(), { limits: DEFAULT_LIMITS, bootId: new Uint8Array(16) });
  await peer.send(reply);
  return { client: await opening, peer };
}
