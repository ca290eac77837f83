// A long link on one machine, where the kernel has no netem: two network namespaces with a delay, a rate and
// losses between them. Needs root. `deno run -A bench/link.ts --help`; ends with Ctrl-C and then removes all.

import { parseArgs } from "@std/cli";
import { ENDS, openEnd } from "./link/namespaces.ts";
import { LinkQueue } from "./link/queue.ts";
import { openLibc, PollList } from "./measure/libc.ts";
import { print } from "./measure/options.ts";

const HELP = `deno run -A bench/link.ts [--rtt MS] [--rate MBIT] [--loss PERCENT]

Joins the network namespaces ${ENDS.map((end) => `${end.namespace} (${end.address})`).join(" and ")}
by a link of MTU 1500 with this round trip time (100), rate in Mbit/s (1000) and loss (0), until Ctrl-C.`;

/** The least time that packets may wait for the line; else one round trip, by the old rule for routers. */
const LEAST_QUEUE_MS = 10;
/** How long packets are moved before signals get a chance, in milliseconds. */
const SLICE_MS = 50;
/** Packets read from a side before the other one has its turn. */
const BURST = 64;

const given = parseArgs(Deno.args, { string: ["rtt", "rate", "loss"], boolean: ["help"] });
const [rttMs, rate, lossPercent] = [given.rtt ?? "100", given.rate ?? "1000", given.loss ?? "0"]
  .map(Number) as [number, number, number];
if (given.help || !(rttMs >= 0 && rate > 0 && lossPercent >= 0 && lossPercent < 100)) {
  print(HELP);
  Deno.exit(given.help ? 0 : 2);
}
const libc = openLibc();
let isOver = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => isOver = true);
}
try {
  await using client = await openEnd(ENDS[0], libc);
  await using server = await openEnd(ENDS[1], libc);
  print(`link up: ${rttMs} ms, ${rate} Mbit/s, ${lossPercent} % loss; Ctrl-C takes it down`);
  await carry([client.device, server.device]);
} catch (error) {
  print(`link: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
}

/** Moves packets between two devices until a signal comes. */
async function carry(devices: readonly number[]): Promise<void> {
  const queues = devices.map(() =>
    new LinkQueue({
      delayMs: rttMs / 2,
      megabitsPerSecond: rate,
      loss: lossPercent / 100,
      queueMs: Math.max(rttMs, LEAST_QUEUE_MS),
      random: Math.random,
    })
  );
  const poll = new PollList(devices);
  const timeout = new BigInt64Array(2); // seconds and nanoseconds
  while (!isOver) {
    const sliceEnd = performance.now() + SLICE_MS;
    for (let nowMs = performance.now(); nowMs < sliceEnd; nowMs = performance.now()) {
      let moved = 0;
      queues.forEach((queue, side) => {
        moved += readInto(queue, devices[side]!);
        moved += writeFrom(queue, devices[1 - side]!);
      });
      if (moved > 0) continue;
      const nextMs = Math.min(sliceEnd, ...queues.map((queue) => queue.nextMs));
      timeout[1] = BigInt(Math.max(0, Math.round((nextMs - performance.now()) * 1e6)));
      libc.ppoll(poll.list, 2n, timeout, null);
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  queues.forEach(({ lost, dropped }, side) => {
    print(`from ${ENDS[side]!.namespace}: ${lost} packets lost, ${dropped} found no room`);
  });
}

function readInto(queue: LinkQueue, device: number): number {
  for (let count = 0; count < BURST; count++) {
    const { room } = queue;
    const size = Number(libc.read(device, room, BigInt(room.length)));
    if (size <= 0) return count;
    queue.take(size, performance.now());
  }
  return BURST;
}

function writeFrom(queue: LinkQueue, device: number): number {
  const nowMs = performance.now();
  for (let count = 0;; count++) {
    const packet = queue.first(nowMs);
    if (!packet) return count;
    libc.write(device, packet, BigInt(packet.length));
    queue.removeFirst();
  }
}
