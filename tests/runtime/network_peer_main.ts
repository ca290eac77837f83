// The peer of the network conformance suite as a program, for a runtime to run. Prints where it is.

import process from "node:process";
import { runtimeNetwork } from "../../lib/runtime/runtime.ts";
import { servePeer } from "./network_peer.ts";
import { Resetter } from "./reset.ts";

const listener = await (await runtimeNetwork()).listen({ host: "127.0.0.1", port: 0 });
const resetter = await Resetter.listen();
process.stdout.write(`${JSON.stringify({ peer: listener.address, resetter: resetter.address })}\n`);
await servePeer(listener);
