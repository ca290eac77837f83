// A long link on one machine, where the kernel has no netem: two network namespaces with a delay, a rate and
// losses between them. Needs root. `deno run -A bench/link.ts --help`; ends with Ctrl-C and then removes all.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Carriage, Carried } from "./link/carrier.ts";
import { ENDS, openEnd } from "./link/namespaces.ts";
import { linkOptions, linkText } from "./link/options.ts";
import { openLibc } from "./measure/libc.ts";
import { orUsage, print, readOptions } from "./measure/options.ts";

const HELP = `deno run -A bench/link.ts [--rtt MS] [--rate MBIT] [--loss PERCENT]

Joins the network namespaces ${ENDS.map((end) => `${end.namespace} (${end.address})`).join(" and ")}
by a link of MTU 1500 with this round trip time (100), rate in Mbit/s (1000) and loss (0), until Ctrl-C.`;

const given = readOptions(["rtt", "rate", "loss"], HELP);
const link = orUsage(() => linkOptions(given));
const stop = new SharedArrayBuffer(4);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => Atomics.store(new Int32Array(stop), 0, 1));
}
try {
  const libc = openLibc();
  await using client = await openEnd(ENDS[0], libc);
  await using server = await openEnd(ENDS[1], libc);
  const devices = [client.device, server.device];
  print(`link up: ${linkText(link)}; Ctrl-C takes it down`);
  const sides = await carried({
    devices,
    rttMs: link.rttMs,
    megabitsPerSecond: link.megabitsPerSecond,
    loss: link.lossPercent / 100,
    stop,
  });
  sides.forEach(({ lost, dropped }, side) => {
    print(`from ${ENDS[side]!.namespace}: ${lost} packets lost, ${dropped} found no room`);
  });
} catch (error) {
  print(`link: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
}

/** Has packets carried by a thread of its own, until that is stopped. */
async function carried(carriage: Carriage): Promise<Carried[]> {
  const thread = new Worker(new URL("./link/carrier.ts", import.meta.url), {
    workerData: carriage,
  });
  const [sides] = await once(thread, "message");
  return sides;
}
