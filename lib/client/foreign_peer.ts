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

/** The error for a peer that has not greeted: many servers of other kinds wait for a line that never comes. */
export function silentPeer(thrown: unknown, bytesRead: number): unknown {
  const isLate = thrown instanceof MorselError && thrown.code === "deadline";
  if (!isLate || bytesRead > 0) return thrown;
  return new MorselError(
    "deadline",
    "What listens there accepts connections but has not greeted in time: is it a Morsel server? " +
      "Check the address and the port",
    { cause: thrown, detail: thrown.detail },
  );
}

function notMorsel(why: string): MorselError {
  return new MorselError(
    "protocol",
    `What answers there is not a Morsel server: ${why}. Check the address and the port`,
  );
}
