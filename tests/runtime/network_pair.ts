// The network conformance suite between two runtimes: each side is a process of its own.

import { toText } from "@std/streams";
import { type Runtime, startOn } from "../support/runtimes.ts";
import { openBlackHole } from "./black_hole.ts";
import type { Outcome } from "./network_cases_main.ts";
import type { LoopbackTls } from "./tls_network.ts";

/** How a pair is tried. */
export interface PairOptions {
  /** How many connections are many. */
  readonly crowd: number;
  /** Plain TCP without it. */
  readonly tls?: LoopbackTls;
}

/** Runs every case; returns how each went. */
export async function tryNetworkPair(
  server: Runtime,
  client: Runtime,
  { crowd, tls }: PairOptions,
): Promise<Outcome[]> {
  using blackHole = await openBlackHole();
  const peer = startOn(server, "tests/runtime/network_peer_main.ts", {
    args: tls ? [JSON.stringify(tls)] : [],
    stdout: "piped",
  });
  const lines = peer.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const addresses = JSON.parse((await lines.read()).value!);
    const place = { ...addresses, crowd, tls, blackHole: blackHole?.address };
    const cases = startOn(client, "tests/runtime/network_cases_main.ts", {
      args: [JSON.stringify(place)],
      stdout: "piped",
    });
    const [out, { success }] = await Promise.all([toText(cases.stdout), cases.status]);
    if (!success) throw new Error(`The cases ended early, after ${out}`);
    return out.trim().split("\n").map((line) => JSON.parse(line) as Outcome);
  } finally {
    peer.kill("SIGKILL");
    await lines.cancel();
    await peer.status;
  }
}
