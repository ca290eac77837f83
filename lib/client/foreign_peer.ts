// Says what it is that answered, when it was no Morsel server.

import { MorselError } from "../base/errors.ts";
import { MESSAGES } from "../protocol/messages.ts";

/** The error for a peer that began with these bytes; undefined when they may be Morsel's. */
export function foreignPeer(bytes: Uint8Array | undefined): MorselError | undefined {
  if (bytes === undefined) return notMorsel("its first message is no greeting");
  if (bytes.length === 0 || bytes.length < 5) return undefined;
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 64));
  if (text.startsWith("HTTP/")) return notMorsel("it speaks HTTP");
  if (text.startsWith("SSH-")) return notMorsel("it speaks SSH");
  const known = bytes[4] === MESSAGES.Welcome.number || bytes[4] === MESSAGES.Error.number;
  return known ? undefined : notMorsel("its answer is no greeting");
}

function notMorsel(why: string): MorselError {
  return new MorselError(
    "protocol",
    `What answers there is not a Morsel server: ${why}. Check the address and the port`,
  );
}
