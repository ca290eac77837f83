// The servers of tls_pairs_test.ts as a program, for a runtime to run. Takes the certificates of each as JSON and
// prints where they are. Each tells a client the channel binding that it sees, and then has nothing more to say.

import process from "node:process";
import type { Address, Connection, Listener, ServerTls } from "../../lib/runtime/connection.ts";
import { nodeTls, tlsWithin } from "../../lib/runtime/node_tls.ts";
import { runtimeNetwork } from "../../lib/runtime/runtime.ts";
import { toHex } from "../../lib/base/hex.ts";

/** What a server shows. */
export interface PeerTls extends ServerTls {
  /** What it shows from its first connection on. */
  readonly next?: ServerTls;
  /** How long a handshake may take; the default is that of programs. */
  readonly handshakeMs?: number;
}

const here: Address = { host: "127.0.0.1", port: 0 };
const given = JSON.parse(process.argv[2]!) as PeerTls[];
const addresses: Address[] = [];
for (const { next, handshakeMs, ...tls } of given) {
  const network = handshakeMs === undefined ? nodeTls : tlsWithin(handshakeMs);
  const listener = await network.listen(here, tls);
  addresses.push(listener.address);
  void serve(listener, () => next && listener.renew(next));
}
// The last one speaks plain TCP.
const plain = await (await runtimeNetwork()).listen(here);
addresses.push(plain.address);
void serve(plain, () => {});
process.stdout.write(`${JSON.stringify(addresses)}\n`);

async function serve(listener: Listener, after: () => void): Promise<void> {
  for (let one = await listener.accept(); one; one = await listener.accept()) {
    after();
    void tell(one).catch(() => {}).finally(one.close.bind(one));
  }
}

async function tell({ readable, writable, channelBinding }: Connection): Promise<void> {
  const reader = readable.getReader({ mode: "byob" });
  if ((await reader.read(new Uint8Array(64))).done) return;
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode(toHex(channelBinding?.data ?? new Uint8Array())));
  await writer.close();
}
