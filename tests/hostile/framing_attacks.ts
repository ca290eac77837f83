// Peers that do not speak Morsel, or break its framing: they are refused at once, on the first wrong byte that
// shows it.

import { concat } from "@std/bytes";
import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { type Message, MESSAGES } from "../../lib/protocol/messages.ts";
import { contentOf, randomNumbers } from "../support/content.ts";
import type { RawPeer } from "../support/raw_peer.ts";
import { begin, commit, data, read, stat } from "../support/requests.ts";
import { type Attack, putOut } from "./attack.ts";
import type { Stage } from "./stage.ts";

/** How many seeds each kind of random bytes is made with. */
const SEEDS = 200;

/** What is sent behind a good greeting, and refused. */
const BROKEN: readonly (readonly [name: string, bytes: () => Uint8Array, sees?: string])[] = [
  ["a length of zero", () => sized(0)],
  ["a length one under the header's", () => sized(8)],
  ["a length of 2^32 - 1", () => sized(2 ** 32 - 1), "protocol (maxFrame)"],
  ["a second Hello", () => encode(hello())],
  ["a message that only a server sends", () => encode({ type: "Pong", tag: 1 })],
  ["a request with the tag 0", () => encode(stat(0))],
  ["a byte too many in a frame", () => lengthened(encode(stat(1)), 1)],
  ["a byte too few in a frame", () => lengthened(encode(stat(1)), -1)],
  ["a string that reaches over the end of its frame", () => patched(encode(stat(1)), 9, 0xff)],
  ["a name that is not UTF-8", () => patched(encode(stat(1, "abc")), 11, 0xff)],
  ["a number above 2^53 - 1", () => patched(encode(read(1)), 9, 0xff)],
  ["Data without a payload", () => sized(17, MESSAGES.Data.number)],
];

/** What is sent instead of a greeting, and refused. */
const STRANGE: readonly (readonly [name: string, bytes: () => Uint8Array, sees?: string])[] = [
  ["an HTTP request", () => text("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "protocol (maxFrame)"],
  ["a TLS greeting", () => new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252]), "protocol (maxFrame)"],
  ["a length of zero first", () => sized(0)],
  ["a frame of 4097 bytes first", () => sized(4097), "protocol (maxFrame)"],
  ["a request first", () => encode(stat(1))],
  ["a Hello of another magic", () => encode({ ...hello(), magic: 1 })],
  ["a Hello of version 0", () => encode({ ...hello(), version: 0 }), "version"],
  ["a Hello with no patience", () => encode({ ...hello(), stallMs: 1 }), "protocol (stallMs)"],
];

/** Attacks on the framing. */
export const FRAMING_ATTACKS: readonly Attack[] = [
  ...STRANGE.map(([what, bytes, sees = "protocol"]): Attack => ({
    name: `sends ${what}`,
    sees,
    act: async ({ peer }) => {
      await peer.sendBytes(bytes());
      return await putOut(peer);
    },
  })),
  ...BROKEN.map(([what, bytes, sees = "protocol"]): Attack => ({
    name: `greets and sends ${what}`,
    sees,
    act: async ({ peer }) => {
      await peer.greet();
      await peer.sendBytes(bytes());
      return await putOut(peer);
    },
  })),
  {
    name: "sends frames behind the Error that ended its session",
    sees: "protocol, then nothing",
    act: async ({ peer }) => {
      await peer.greet();
      await peer.sendBytes(concat([sized(0), encode({ type: "Ping", tag: 1 })]));
      const sees = await putOut(peer);
      await peer.send({ type: "Ping", tag: 2 });
      const more = await peer.rest().catch(() => []);
      return more.length === 0 ? `${sees}, then nothing` : `${sees}, then ${more[0]!.type}`;
    },
  },
  {
    name: `sends random bytes, ${SEEDS} times`,
    sees: "protocol",
    within: () => 20_000,
    act: (_, stage) =>
      inTurn(stage, async (peer, random) => {
        await peer.sendBytes(randomBytes(random, 64));
      }),
  },
  {
    name: `greets and sends random bytes, ${SEEDS} times`,
    sees: "protocol",
    within: () => 20_000,
    act: (_, stage) =>
      inTurn(stage, async (peer, random) => {
        await peer.greet();
        await peer.sendBytes(randomBytes(random, 64));
      }),
  },
  {
    name: `greets and sends frames of random bodies, ${SEEDS} times`,
    sees: "protocol",
    within: () => 20_000,
    act: (_, stage) =>
      inTurn(stage, async (peer, random) => {
        await peer.greet();
        await peer.sendBytes(concat(Array.from({ length: 8 }, () => randomFrame(random))));
      }),
  },
  {
    name: `flips bits in a good conversation, ${SEEDS} times`,
    sees: "protocol or closed",
    within: () => 20_000,
    act: (_, stage) =>
      inTurn(stage, async (peer, random) => {
        await peer.greet();
        await peer.sendBytes(withFlips(conversation(), random));
      }),
  },
];

/** Sends, ends its stream, and reads what comes; for each seed on a connection of its own. */
async function inTurn(
  stage: Stage,
  send: (peer: RawPeer, random: () => number) => Promise<void>,
): Promise<string> {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { peer, gone } = await stage.open();
    await send(peer, randomNumbers(seed));
    void peer.end();
    seen.add((await putOut(peer)).replace(/ \(.*\)/, ""));
    peer.connection.close();
    await gone;
  }
  return [...seen].sort((a, b) => b.localeCompare(a)).join(" or ");
}

/** What an honest client might say behind its greeting. */
function conversation(): Uint8Array<ArrayBuffer> {
  const content = contentOf(3000);
  const messages: Message[] = [
    begin(1, { declaredSize: 3000, metadata: { type: "text/plain" }, name: "flipped" }),
    data(1, content.subarray(0, 1300)),
    data(1, content.subarray(1300), 1300),
    commit(1, content),
    read(2, { name: "flipped" }),
    { type: "List", tag: 3, limit: 10, prefix: "", after: "" },
    { type: "Copy", tag: 4, condition: 0, ifVersion: 0, from: "flipped", to: "b" },
    { type: "Cancel", tag: 2 },
    { type: "Remove", tag: 5, condition: 0, ifVersion: 0, name: "b" },
  ];
  return concat(messages.map(encode));
}

function withFlips(bytes: Uint8Array<ArrayBuffer>, random: () => number): Uint8Array {
  const flips = 1 + Math.floor(random() * 3);
  for (let flip = 0; flip < flips; flip++) {
    const at = Math.floor(random() * bytes.length);
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
  }
  return bytes;
}

function randomFrame(random: () => number): Uint8Array {
  const bytes = randomBytes(random, 9 + Math.floor(random() * 60));
  new DataView(bytes.buffer).setUint32(0, bytes.length);
  bytes[4] = Math.floor(random() * 30);
  return bytes;
}

function randomBytes(random: () => number, size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, () => random() * 256);
}

/** The first nine bytes of a frame of this size. */
function sized(size: number, number = 1): Uint8Array {
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setUint32(0, size);
  bytes[4] = number;
  bytes[8] = 1;
  return size === 17 ? concat([bytes, new Uint8Array(8)]) : bytes;
}

function lengthened(frame: Uint8Array, by: number): Uint8Array {
  const bytes = concat([frame, new Uint8Array(1)]).subarray(0, frame.length + by);
  new DataView(bytes.buffer).setUint32(0, bytes.length);
  return bytes;
}

function patched(frame: Uint8Array, at: number, value: number): Uint8Array {
  frame[at] = value;
  return frame;
}

function text(line: string): Uint8Array {
  return new TextEncoder().encode(line);
}
