// The network conformance suite, for each adapter on Deno and between any two runtimes that are there.

import { assert, assertEquals } from "@std/assert";
import { toText } from "@std/streams";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import { nodeNetwork } from "../../lib/runtime/node_network.ts";
import type { Network } from "../../lib/runtime/connection.ts";
import { findRuntimes, type Runtime, startOn, tellMissing, usable } from "../support/runtimes.ts";
import { openBlackHole } from "./black_hole.ts";
import type { Outcome } from "./network_cases_main.ts";
import { NETWORK_CASES } from "./network_conformance.ts";
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
  const name = `A ${server.name} ${server.version} peer and a ${client.name} ${client.version} one`;
  Deno.test(name, async (test) => {
    using blackHole = await openBlackHole();
    const peer = startOn(server, "tests/runtime/network_peer_main.ts", { stdout: "piped" });
    const lines = peer.stdout.pipeThrough(new TextDecoderStream()).getReader();
    try {
      const place = {
        ...JSON.parse((await lines.read()).value!),
        crowd: CROWD,
        blackHole: blackHole?.address,
      };
      const cases = startOn(client, "tests/runtime/network_cases_main.ts", {
        args: [JSON.stringify(place)],
        stdout: "piped",
      });
      const [out, { code }] = await Promise.all([toText(cases.stdout), cases.status]);
      const outcomes = out.trim().split("\n").map((line) => JSON.parse(line) as Outcome);
      for (const { sentence, failure } of outcomes) {
        await test.step(sentence, () => assert(failure === undefined, failure));
      }
      assertEquals([outcomes.length, code], [NETWORK_CASES.length, 0]);
    } finally {
      peer.kill("SIGKILL");
      await lines.cancel();
      await peer.status;
    }
  });
}
