// The clients of tls_pairs_test.ts as a program, for a runtime to run: takes addresses as JSON and prints what came
// of a connection to each, a line of JSON.

import { createHash } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import { toHex } from "../../lib/base/hex.ts";
import type { Address, Connection } from "../../lib/runtime/connection.ts";
import { runtimeNetwork, runtimeTls } from "../../lib/runtime/runtime.ts";

/** Where to connect, and how to behave there. */
export interface AskedAddress extends Address {
  /** Says nothing. */
  readonly isSilent?: boolean | undefined;
  /** Begins its handshake only when somebody else has been let in. */
  readonly isSlow?: boolean | undefined;
}

for (const address of JSON.parse(process.argv[2]!) as AskedAddress[]) {
  process.stdout.write(`${JSON.stringify(await outcome(address))}\n`);
}
process.exit();

async function outcome(address: AskedAddress): Promise<string> {
  let connection: Connection | undefined;
  try {
    if (address.isSlow) return await shakeLate(address);
    connection = await (address.tls ? await runtimeTls() : await runtimeNetwork()).connect(address);
    return await talk(connection, !address.isSilent);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    connection?.close();
  }
}

/** Says something, or nothing, and returns what came until the end, in short. */
async function talk(
  { readable, writable, channelBinding }: Connection,
  speaks: boolean,
): Promise<string> {
  if (speaks) {
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    // A greeting as far as a server that speaks TLS can tell.
    const bytes = new TextEncoder().encode("\0\0\0\x20 not the handshake of TLS");
    writer.write(bytes).catch(() => {}); // the reader is told as well
  }
  const reader = readable.getReader({ mode: "byob" });
  let text = "";
  for (let { value, done } = await reader.read(new Uint8Array(256)); !done;) {
    text += new TextDecoder("latin1").decode(value);
    ({ value, done } = await reader.read(new Uint8Array(256)));
  }
  if (channelBinding) return text === toHex(channelBinding.data) ? "bound alike" : text;
  return text === "" || text.startsWith("\x15\x03") ? "closed" : text;
}

/** Whether a server means the certificate that it shows to one that was there before its renewal. */
async function shakeLate(address: AskedAddress): Promise<string> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const socket = connectTcp(address.port, address.host, () => resolve(socket)).on(
      "error",
      reject,
    );
  });
  await outcome({ ...address, isSlow: false }); // connections are taken in turn: so it has been
  const secured = connectTls({ socket, ALPNProtocols: ["morsel/1"], rejectUnauthorized: false });
  return await new Promise<string>((resolve, reject) => {
    secured.on("error", reject).on("secureConnect", () => secured.write("any"));
    secured.on("data", (told) => {
      const shown = createHash("sha256").update(secured.getPeerCertificate().raw).digest("hex");
      resolve(shown === told.toString() ? "bound alike" : `shown ${shown}, told ${told}`);
      secured.destroy();
    });
  });
}
