// The thread that carries packets from one device to the other. It never goes back to an event loop: a runtime's
// shortest timer takes a millisecond or two, in which all that a round trip brings would wait, to arrive at once.

import { parentPort, workerData } from "node:worker_threads";
import { openLibc, PollList } from "../measure/libc.ts";
import { LinkQueue } from "./queue.ts";

/** What the thread is started with, as `workerData`. It posts one message when it ends: what became of the packets. */
export interface Carriage {
  /** The descriptors of both ends, in the order of `ENDS`. */
  readonly devices: readonly number[];
  /** How long packets travel there and back, in milliseconds. */
  readonly rttMs: number;
  readonly megabitsPerSecond: number;
  /** Which share of the packets is lost, 0 to 1. */
  readonly loss: number;
  /** Four bytes of shared memory; whoever writes a 1 there ends the carriage. */
  readonly stop: SharedArrayBuffer;
}

/** What became of the packets of one end. */
export type Carried = Pick<LinkQueue, "lost" | "dropped">;

/** The least time that packets may wait for the line; else one round trip, by the old rule for routers. */
const LEAST_QUEUE_MS = 10;
/** How long a stop waits at most to be seen, in milliseconds. */
const STOP_MS = 50;
/** Packets read from a side before the other one has its turn. */
const BURST = 64;
// From linux/sched.h, and the lowest priority it knows.
const SCHED_FIFO = 1;
const LOWEST_PRIORITY = 1;

parentPort!.postMessage(carry(workerData));

/** Moves packets between two devices until it is stopped. */
function carry({ devices, rttMs, megabitsPerSecond, loss, stop }: Carriage): Carried[] {
  const libc = openLibc();
  // A line waits for no processor: where those at its ends keep all of them busy, it would stand still and then spill.
  if (libc.sched_setscheduler(0, SCHED_FIFO, new Int32Array([LOWEST_PRIORITY])) === -1) {
    throw new Error("Cannot go before other programs: that needs root");
  }
  const stopped = new Int32Array(stop);
  const queueMs = Math.max(rttMs, LEAST_QUEUE_MS);
  const queues = devices.map(() =>
    new LinkQueue({ delayMs: rttMs / 2, megabitsPerSecond, loss, queueMs, random: Math.random })
  );
  const poll = new PollList(devices);
  const timeout = new BigInt64Array(2); // seconds and nanoseconds
  while (Atomics.load(stopped, 0) === 0) {
    let moved = 0;
    queues.forEach((queue, side) => {
      moved += readInto(queue, devices[side]!);
      moved += writeFrom(queue, devices[1 - side]!);
    });
    if (moved > 0) continue;
    const waitMs = Math.min(...queues.map((queue) => queue.nextMs)) - performance.now();
    timeout[1] = BigInt(Math.round(Math.max(0, Math.min(STOP_MS, waitMs)) * 1e6));
    libc.ppoll(poll.list, BigInt(devices.length), timeout, null);
  }
  return queues.map(({ lost, dropped }) => ({ lost, dropped }));

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
}
