// Peers that hold a place by being slow or silent. Each is put out by a deadline of PROTOCOL.md 7.

import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { MAX_WATCHES } from "../../lib/protocol/limits.ts";
import { MESSAGES } from "../../lib/protocol/messages.ts";
import { contentOf } from "../support/content.ts";
import { begin, data, read, stat, watch } from "../support/requests.ts";
import { type Attack, drip, putOut } from "./attack.ts";
import type { Stage } from "./stage.ts";

/** A deadline is noticed up to a quarter late. */
const LATE = 1.25;
const GREETING_MS = 10_000 * LATE;
/** A rate is measured over 60 s, and looked at four times in each `stallMs`. */
const RATE_MS = 61_000;
/** Last words to a peer that does not take them are given up after a second. */
const PARTING_MS = 1000;

/** Attacks that are over within some seconds, also in real time. */
export const SLOW_ATTACKS: readonly Attack[] = [
  {
    name: "connects and says nothing",
    sees: "deadline (the greeting)",
    within: () => GREETING_MS,
    act: ({ peer }) => putOut(peer),
  },
  {
    name: "greets with a byte a second",
    sees: "deadline (the greeting)",
    within: () => GREETING_MS,
    act: async (guest, { clock }) => {
      void drip(guest, encode(hello()), { everyMs: 1000, clock });
      return await putOut(guest.peer);
    },
  },
  {
    name: "greets and falls silent",
    sees: "deadline (a request)",
    within: ({ idleMs }) => idleMs * LATE,
    act: async ({ peer }) => {
      await peer.greet();
      return await putOut(peer);
    },
  },
  {
    name: "sends the header of a frame and falls silent",
    sees: "deadline (the rest of a frame)",
    within: ({ stallMs }) => stallMs * LATE,
    act: async ({ peer }) => {
      await peer.greet();
      await peer.sendBytes(encode(stat(1)).subarray(0, 9));
      return await putOut(peer);
    },
  },
  {
    name: "announces the largest frame and sends one byte of it",
    sees: "deadline (the rest of a frame)",
    within: ({ stallMs }) => stallMs * LATE,
    act: async ({ peer }, { limits }) => {
      await peer.greet();
      await peer.sendBytes(header(limits.maxFrame));
      return await putOut(peer);
    },
  },
  {
    name: "begins an upload of 2^53 - 2 bytes and falls silent",
    sees: "deadline (the next bytes of an upload)",
    within: ({ stallMs }) => stallMs * LATE,
    act: async ({ peer }) => {
      await peer.greet();
      const declaredSize = Number.MAX_SAFE_INTEGER - 1;
      await peer.send(begin(1, { declaredSize }), data(1, contentOf(1000)));
      return await putOut(peer);
    },
  },
  {
    name: "asks for a large file and never reads",
    sees: "closed",
    within: ({ stallMs }) => 2 * stallMs * LATE + PARTING_MS,
    prepare: putLarge,
    act: async ({ peer, gone }) => {
      await peer.greet();
      void peer.send(read(1, { name: "large" }));
      await gone;
      return "closed";
    },
  },
  {
    name: "sends Pings without an end and never reads",
    sees: "closed",
    // Not before all buffers on the way are full of Pongs, nine bytes each.
    within: () => 20_000,
    act: async ({ peer, gone }) => {
      await peer.greet();
      const pings = new Uint8Array(9 * 1000);
      for (let at = 0; at < pings.length; at += 9) pings.set(encode({ type: "Ping", tag: 1 }), at);
      let isOut = false;
      void gone.then(() => isOut = true);
      while (!isOut) await Promise.race([peer.sendBytes(pings), gone]);
      return "closed";
    },
  },
  {
    name: "breaks the framing and never closes its end",
    sees: "closed 2 s after protocol",
    within: () => 2000 * LATE,
    act: async ({ peer, gone }, { clock }) => {
      await peer.greet();
      await peer.sendBytes(header(0));
      const sees = await putOut(peer);
      const startedMs = clock.monotonicMs();
      await gone;
      const tookMs = clock.monotonicMs() - startedMs;
      // Heard of late, it takes less; noticed late, more, for which `within` has the bound.
      return `closed ${tookMs > 1000 ? "2 s" : `${Math.round(tookMs)} ms`} after ${sees}`;
    },
  },
];

/** Attacks that keep a whole machine busy: not beside others. */
export const HEAVY_ATTACKS: readonly Attack[] = [
  {
    name: "watches all changes, sixteen times, and never reads",
    sees: "closed",
    within: ({ stallMs }) => 2 * stallMs * LATE + PARTING_MS,
    prepare: putManyOfNote,
    act: async ({ peer, gone }) => {
      await peer.greet();
      for (let tag = 1; tag <= MAX_WATCHES; tag++) void peer.send(watch(tag));
      await gone;
      return "closed";
    },
  },
  {
    name: "asks for all pages that it may and never reads",
    sees: "closed",
    within: ({ stallMs }) => 2 * stallMs * LATE + PARTING_MS,
    prepare: putManyOfNote,
    act: async ({ peer, gone }, { limits }) => {
      await peer.greet();
      for (let tag = 1; tag <= limits.maxRequests; tag++) {
        void peer.send({ type: "List", tag, limit: 1000, prefix: "", after: "" });
      }
      await gone;
      return "closed";
    },
  },
];

/** Attacks that only a rate over a minute ends. */
export const MINUTE_ATTACKS: readonly Attack[] = [
  {
    name: "sends two bytes of a frame a second",
    sees: "deadline (the rest of a frame)",
    within: () => RATE_MS,
    act: async (guest, { clock }) => {
      await guest.peer.greet();
      void drip(guest, encode(stat(1, "a".repeat(1000))), { everyMs: 500, clock });
      return await putOut(guest.peer);
    },
  },
];

/** More than what two sockets keep on the way. */
async function putLarge(stage: Stage): Promise<void> {
  await using client = await stage.connect();
  await client.put("large", contentOf(32 * 1024 * 1024));
}

/** Files that take much to tell of: 25 MB when all of a session are told of. */
async function putManyOfNote(stage: Stage): Promise<void> {
  await using client = await stage.connect();
  const metadata = { note: "x".repeat(16_000) };
  const names = Array.from({ length: 100 }, (_, index) => `note ${index}`);
  await Promise.all(names.map((name) => client.put(name, name, { metadata })));
}

/** The first nine bytes of a Data frame of this size. */
function header(size: number): Uint8Array {
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setUint32(0, size);
  bytes[4] = MESSAGES.Data.number;
  return bytes;
}
