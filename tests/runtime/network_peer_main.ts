// The peer of the network conformance suite as a program, for a runtime to run: over TLS if it is given a LoopbackTls
// as JSON. Prints where it is.

import process from "node:process";
import { servePeer } from "./network_peer.ts";
import { Resetter } from "./reset.ts";
import { networkOfRuntime } from "./tls_network.ts";

const network = await networkOfRuntime(process.argv[2] && JSON.parse(process.argv[2]));
const listener = await network.listen({ host: "127.0.0.1", port: 0 });
const resetter = await Resetter.listen(network);
process.stdout.write(`${JSON.stringify({ peer: listener.address, resetter: resetter.address })}\n`);
await servePeer(listener);
