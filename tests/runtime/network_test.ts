// The network conformance suite, for each adapter on Deno and between any two runtimes that are there: over plain TCP
// and, the very same, over TLS.

import { assert, assertEquals } from "@std/assert";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import { denoTls } from "../../lib/runtime/deno_tls.ts";
import { nodeNetwork } from "../../lib/runtime/node_network.ts";
import { nodeTls } from "../../lib/runtime/node_tls.ts";
import type { Network } from "../../lib/runtime/connection.ts";
import { findRuntimes, type Runtime, tellMissing, usable } from "../support/runtimes.ts";
import { openBlackHole } from "./black_hole.ts";
import { NETWORK_CASES } from "./network_conformance.ts";
import { type PairOptions, tryNetworkPair } from "./network_pair.ts";
import { servePeer } from "./network_peer.ts";
import { Resetter } from "./reset.ts";
import { makeLoopbackTls, tlsNetwork } from "./tls_network.ts";

const CROWD = 200;
/** Many connections: all that is asked for takes ten seconds a pair, so only the long run does it. */
const PLAIN_CROWD = Deno.env.has("MORSEL_TEST_ALL") ? 10_000 : CROWD;

const tls = await makeLoopbackTls();
testOnDeno("Deno's own network", denoNetwork);
// Not in use on Deno: but so node:net is tested on every machine.
testOnDeno("node:net on Deno", nodeNetwork);
testOnDeno("Deno's own TLS", tlsNetwork(denoTls, tls));
// Not in use by clients on Deno, but for those with a certificate.
testOnDeno("TLS, by node:tls on Deno", tlsNetwork(nodeTls, tls));

const found = await findRuntimes();
tellMissing(found, "The network");
const runtimes = usable(found);
if (runtimes.length > 1) {
  for (const server of runtimes) {
    for (const client of runtimes) {
      testPair(server, client, { crowd: PLAIN_CROWD });
      testPair(server, client, { crowd: CROWD, tls });
    }
  }
}

function testOnDeno(name: string, network: Network): void {
  for (const { sentence, run } of NETWORK_CASES) {
    Deno.test(`${name}: ${sentence}`, async () => {
      await using resetter = await Resetter.listen(network);
      using blackHole = await openBlackHole();
      const listener = await network.listen({ host: "127.0.0.1", port: 0 });
      const serving = servePeer(listener);
      try {
        await run({
          network,
          peer: listener.address,
          resetter: resetter.address,
          blackHole: blackHole?.address,
          crowd: CROWD,
        });
      } finally {
        listener.close();
        await serving;
      }
    });
  }
}

function testPair(server: Runtime, client: Runtime, options: PairOptions): void {
  const over = options.tls ? "TLS" : "TCP";
  const [near, far] = [client, server].map(({ name, version }) => `${name} ${version}`);
  Deno.test(`${far} is the peer of ${near} over ${over}`, async (test) => {
    const outcomes = await tryNetworkPair(server, client, options);
    for (const { sentence, failure } of outcomes) {
      await test.step(sentence, () => assert(failure === undefined, failure));
    }
    assertEquals(outcomes.length, NETWORK_CASES.length);
  });
}
