// The network conformance suite, for each adapter on Deno and between any two runtimes that are there.

import { assert, assertEquals } from "@std/assert";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import { nodeNetwork } from "../../lib/runtime/node_network.ts";
import type { Network } from "../../lib/runtime/connection.ts";
import { findRuntimes, type Runtime, tellMissing, usable } from "../support/runtimes.ts";
import { openBlackHole } from "./black_hole.ts";
import { NETWORK_CASES } from "./network_conformance.ts";
import { tryNetworkPair } from "./network_pair.ts";
import { servePeer } from "./network_peer.ts";
import { Resetter } from "./reset.ts";

/** Many connections: all that is asked for takes ten seconds a pair, so only the long run does it. */
const CROWD = Deno.env.has("MORSEL_TEST_ALL") ? 10_000 : 200;

testOnDeno("Deno's own network", denoNetwork);
// Not in use on Deno: but so node:net is tested on every machine.
testOnDeno("node:net on Deno", nodeNetwork);

const found = await findRuntimes();
tellMissing(found, "The network");
const runtimes = usable(found);
if (runtimes.length > 1) {
  for (const server of runtimes) for (const client of runtimes) testPair(server, client);
}

function testOnDeno(name: string, network: Network): void {
  for (const { sentence, run } of NETWORK_CASES) {
    Deno.test(`${name}: ${sentence}`, async () => {
      await using resetter = await Resetter.listen();
      using blackHole = await openBlackHole();
      const listener = await network.listen({ host: "127.0.0.1", port: 0 });
      const serving = servePeer(listener);
      try {
        await run({
          network,
          peer: listener.address,
          resetter: resetter.address,
          blackHole: blackHole?.address,
          crowd: 200,
        });
      } finally {
        listener.close();
        await serving;
      }
    });
  }
}

function testPair(server: Runtime, client: Runtime): void {
  const name = `${server.name} ${server.version} is the peer of ${client.name} ${client.version}`;
  Deno.test(name, async (test) => {
    const outcomes = await tryNetworkPair(server, client, CROWD);
    for (const { sentence, failure } of outcomes) {
      await test.step(sentence, () => assert(failure === undefined, failure));
    }
    assertEquals(outcomes.length, NETWORK_CASES.length);
  });
}
