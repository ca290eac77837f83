// Says what it is that answered, when it was no Morsel server.

import { MorselError } from "../base/errors.ts";
import { MESSAGES } from "../protocol/messages.ts";

/** The first byte of what a TLS server says to one that does not speak TLS. */
const TLS_ALERT = 0x15;
const AS_TLS = "write its address as morsels://HOST:PORT";

/** The error for a peer that began with these bytes; undefined when they may be Morsel's. */
export function foreignPeer(bytes: Uint8Array | undefined): MorselError | undefined {
  if (bytes === undefined) return notMorsel("its first message is no greeting");
  if (bytes.length === 0 || bytes.length < 5) return undefined;
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 64));
  if (text.startsWith("HTTP/")) return notMorsel("it speaks HTTP");
  if (text.startsWith("SSH-")) return notMorsel("it speaks SSH");
  if (bytes[0] === TLS_ALERT && bytes[1] === 3) {
    return notMorsel(`it speaks TLS, so if it is one, ${AS_TLS}`, "a plain Morsel server");
  }
  const known = bytes[4] === MESSAGES.Welcome.number || bytes[4] === MESSAGES.Error.number;
  return known ? undefined : notMorsel("its answer is no greeting");
}

/** The error for a peer that has not greeted: many servers of other kinds wait for a line that never comes. */
export function silentPeer(thrown: unknown, bytesRead: number): unknown {
  if (!(thrown instanceof MorselError) || bytesRead > 0) return thrown;
  // As over TLS, where the connection itself knows better.
  if (thrown.cause instanceof MorselError) return thrown.cause;
  if (thrown.code === "connection") {
    const message =
      `The server closed the connection without a greeting; if it wants TLS, ${AS_TLS}`;
    return new MorselError("connection", message, { cause: thrown, detail: thrown.detail });
  }
  if (thrown.code !== "deadline") return thrown;
  return new MorselError(
    "deadline",
    "What listens there accepts connections but has not greeted in time: is it a Morsel server? " +
      "Check the address and the port",
    { cause: thrown, detail: thrown.detail },
  );
}

function notMorsel(why: string, what = "a Morsel server"): MorselError {
  return new MorselError(
    "protocol",
    `What answers there is not ${what}: ${why}. Check the address and the port`,
  );
}
