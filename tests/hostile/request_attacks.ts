// Peers that keep to the framing and break the order of messages, or ask for more than was announced.

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { encode } from "../../lib/protocol/codec.ts";
import type { Message } from "../../lib/protocol/messages.ts";
import { contentOf } from "../support/content.ts";
import { begin, commit, data, read, stat } from "../support/requests.ts";
import { type Attack, lives, putOut, refused } from "./attack.ts";
import { NAME_ATTACKS } from "./name_attacks.ts";
import type { Guest, Stage } from "./stage.ts";
import { WATCH_ATTACKS } from "./watch_attacks.ts";

const CONTENT = contentOf(5000);
const HALF = CONTENT.subarray(0, 2500);
/** A name that must not come to be a file. */
const WANTED = { name: "unwanted" };

/** What is sent in one write behind a greeting, and ends the session. */
const DISORDER: readonly (readonly [name: string, messages: Message[], sees?: string])[] = [
  ["uses the tag of an upload under way again", [begin(1), begin(1)]],
  ["uses the tag of an upload under way for a read", [begin(1), read(1)]],
  ["sends chunks before Begin", [data(1, HALF)]],
  ["commits an upload that was never begun", [commit(1, CONTENT)]],
  ["commits twice", [begin(1), data(1, CONTENT), commit(1, CONTENT), commit(1, CONTENT)]],
  ["sends chunks behind its Commit", [begin(1), data(1, HALF), commit(1, HALF), data(1, HALF)]],
  ["sends chunks behind its Cancel", [begin(1), { type: "Cancel", tag: 1 }, data(1, HALF)]],
  ["sends chunks with the tag of a read", [read(1), data(1, HALF)]],
];

/** What an upload is refused for while the session goes on. */
const WRONG_UPLOADS: readonly (readonly [name: string, messages: Message[], sees: string])[] = [
  [
    "leaves a hole in an upload",
    [begin(1, WANTED), data(1, HALF), data(1, HALF, 3000)],
    "invalid (received 2500)",
  ],
  [
    "goes back in an upload",
    [begin(1, WANTED), data(1, HALF), data(1, HALF, 0)],
    "invalid (received 2500)",
  ],
  [
    "begins an upload in its middle",
    [begin(1, WANTED), data(1, HALF, 2500)],
    "invalid (received 0)",
  ],
  [
    "sends more than it declared",
    [begin(1, { ...WANTED, declaredSize: 100 }), data(1, HALF)],
    "invalid",
  ],
  ["commits less than it declared", [
    begin(1, { ...WANTED, declaredSize: 5000 }),
    data(1, HALF),
    commit(1, HALF),
  ], "invalid"],
  [
    "commits another digest",
    [begin(1, WANTED), data(1, HALF), { ...commit(1, HALF), digest: new Uint8Array(32) }],
    "integrity",
  ],
  ["begins with a condition there is not", [begin(1, { ...WANTED, condition: 9 })], "invalid"],
  ["begins with a name of two lines", [begin(1, { name: "a\nb" })], "invalid"],
  ["asks for chunks of no bytes", [read(1, { chunk: 0 })], "limit (maxChunk)"],
  ["asks for chunks of 4 GiB", [read(1, { chunk: 2 ** 32 - 1 })], "limit (maxChunk)"],
  ["reads behind the end", [read(1, { offset: 2 ** 50, name: "honest" })], "invalid"],
];

/** Attacks by well-formed frames. */
export const REQUEST_ATTACKS: readonly Attack[] = [
  ...DISORDER.map(([name, messages, sees = "protocol"]): Attack => ({
    name,
    sees,
    act: async ({ peer }) => {
      await peer.greet();
      await peer.send(...messages);
      return await putOut(peer);
    },
  })),
  ...WRONG_UPLOADS.map(([name, messages, sees]): Attack => ({
    name,
    sees: `${sees}, the session lives`,
    act: async ({ peer }, stage) => {
      await peer.greet();
      await peer.send(...messages);
      const seen = await refused(peer, 1);
      await nothingOf(stage, WANTED.name);
      return seen;
    },
  })),
  {
    name: "commits the upload of another session",
    sees: "protocol",
    act: async ({ peer }, stage) => {
      const victim = await stage.open();
      await victim.peer.greet();
      await victim.peer.send(begin(1, { name: "other" }), data(1, HALF));
      await victim.peer.expect("Begun");
      await peer.greet();
      await peer.send(commit(1, HALF));
      const sees = await putOut(peer);
      await nothingOf(stage, "other");
      await victim.peer.send(data(1, CONTENT.subarray(2500), 2500), commit(1, CONTENT));
      assertEquals((await victim.peer.expect("File")).size, CONTENT.length);
      victim.peer.connection.close();
      await victim.gone;
      return sees;
    },
  },
  {
    name: "makes one request more than announced",
    sees: "protocol (maxRequests)",
    act: async ({ peer }, { limits }) => {
      await peer.greet();
      await peer.send(
        ...Array.from({ length: limits.maxRequests + 1 }, (_, index) => begin(index + 1)),
      );
      return await putOut(peer);
    },
  },
  {
    name: "begins one upload more than announced",
    sees: "limit (maxUploads), the session lives",
    act: async ({ peer }, { limits }) => {
      const { maxUploads } = limits;
      await peer.greet();
      await peer.send(...Array.from({ length: maxUploads + 1 }, (_, index) => begin(index + 1)));
      return await refused(peer, maxUploads + 1);
    },
  },
  {
    name: "cancels ten thousand requests it never made",
    sees: "nothing, the session lives",
    act: async ({ peer }) => {
      await peer.greet();
      const cancels = Array.from(
        { length: 10_000 },
        (_, index) => encode({ type: "Cancel", tag: index + 1 }),
      );
      await peer.sendBytes(concat(cancels));
      return `nothing, the session lives${await lives(peer)}`;
    },
  },
  {
    name: "sends a thousand messages that are in no table",
    sees: "unsupported, the session lives",
    act: async ({ peer }) => {
      await peer.greet();
      const unknown = Uint8Array.of(0, 0, 0, 9, 200, 0, 0, 0, 1);
      void peer.sendBytes(concat(Array.from({ length: 1000 }, () => unknown)));
      return await refused(peer, 1);
    },
  },
  {
    name: "begins an upload and leaves, a hundred times",
    sees: "nothing, the session lives",
    within: () => 20_000,
    act: async (guest, stage) => {
      for (let turn = 0; turn < 100; turn++) await beginAndLeave(await stage.open(), turn);
      await guest.peer.greet();
      for (let turn = 0; turn < 100; turn++) await nothingOf(stage, `left-${turn}`);
      return `nothing, the session lives${await lives(guest.peer)}`;
    },
  },
  ...NAME_ATTACKS,
  ...WATCH_ATTACKS,
];

async function beginAndLeave({ peer, gone }: Guest, turn: number): Promise<void> {
  await peer.greet();
  await peer.send(begin(1, { name: `left-${turn}`, declaredSize: 5000 }), data(1, HALF));
  await peer.expect("Begun");
  peer.connection.close();
  await gone;
}

/** No file of this name is visible. */
async function nothingOf(stage: Stage, name: string): Promise<void> {
  const { peer, gone } = await stage.open();
  await peer.greet();
  await peer.send(stat(1, name));
  const reply = await peer.expect("Error");
  assert(reply.text.length > 0);
  peer.connection.close();
  await gone;
}
