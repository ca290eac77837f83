// Peers that list, rename, remove and abort what they should not, or more than they may.

import { assert, assertEquals } from "@std/assert";
import type { Message, MessageOf } from "../../lib/protocol/messages.ts";
import { contentOf } from "../support/content.ts";
import { begin, data, stat } from "../support/requests.ts";
import { type Attack, lives, putOut, refused } from "./attack.ts";
import type { Stage } from "./stage.ts";

/** A file that must be there after each of the attacks. */
const KEPT = "kept";
const CONTENT = contentOf(5000);

/** A request that is refused while the session goes on and the file stays. */
const WRONG_REQUESTS: readonly (readonly [name: string, request: Message, sees: string])[] = [
  ["asks for a page of no files", list({ limit: 0 }), "limit (page)"],
  ["asks for a page of 65535 files", list({ limit: 65_535 }), "limit (page)"],
  ["lists under a prefix of 60000 bytes", list({ prefix: "a".repeat(60_000) }), "limit (name)"],
  ["lists under a prefix of two lines", list({ prefix: "a\nb" }), "invalid"],
  ["lists behind a name with a control character", list({ after: "\u0085" }), "invalid"],
  ["removes a file that is not there", remove({ name: "nothing" }), "not_found"],
  ["removes a file on condition that it is absent", remove({ condition: 1 }), "invalid"],
  ["removes another version than there is", remove({ condition: 2, ifVersion: 1e15 }), "conflict"],
  ["removes a folder", remove({ name: "ke/" }), "invalid"],
  ["moves a file onto itself", link("Move", { to: KEPT }), "invalid"],
  ["moves a file that is not there", link("Move", { from: "nothing" }), "not_found"],
  ["moves a file on a condition there is not", link("Move", { condition: 3 }), "invalid"],
  ["moves a file onto an empty name", link("Move", { to: "" }), "invalid"],
  ["copies a file onto itself", link("Copy", { to: KEPT }), "invalid"],
  [
    "copies over a file that must be absent",
    link("Copy", { condition: 1, to: "honest" }),
    "conflict",
  ],
  ["copies onto a name of 60000 bytes", link("Copy", { to: "a".repeat(60_000) }), "limit (name)"],
  [
    "aborts an upload that there is not",
    { type: "AbortUpload", tag: 1, upload: new Uint8Array(16) },
    "not_found",
  ],
];

/** Attacks on names and on unfinished uploads. */
export const NAME_ATTACKS: readonly Attack[] = [
  ...WRONG_REQUESTS.map(([name, request, sees]): Attack => ({
    name,
    sees: `${sees}, the session lives`,
    prepare: putKept,
    act: async ({ peer }, stage) => {
      await peer.greet();
      await peer.send(request);
      const seen = await refused(peer, 1);
      await isKept(stage);
      return seen;
    },
  })),
  {
    name: "lists the uploads twice with one tag",
    sees: "protocol",
    act: async ({ peer }) => {
      await peer.greet();
      await peer.send({ type: "ListUploads", tag: 1 }, { type: "ListUploads", tag: 1 });
      return await putOut(peer);
    },
  },
  {
    name: "aborts the upload that it is sending, and sends on",
    sees: "fenced, the session lives",
    act: async ({ peer }, stage) => {
      await peer.greet();
      await peer.send(begin(1, { name: "aborted", declaredSize: 200_000 }), data(1, CONTENT));
      const { upload } = await peer.expect("Begun");
      await peer.send({ type: "AbortUpload", tag: 2, upload }, data(1, CONTENT, CONTENT.length));
      const seen = await refused(peer, 1);
      await peer.send({ type: "Cancel", tag: 1 }, stat(3, "aborted"));
      assertEquals((await peer.expect("Error")).tag, 3);
      await isKept(stage, "honest");
      return seen;
    },
  },
  {
    name: "moves a file to and fro, two hundred times",
    sees: "nothing, the session lives",
    within: () => 20_000,
    prepare: putKept,
    act: async ({ peer }, stage) => {
      await peer.greet();
      for (let turn = 0; turn < 100; turn++) {
        for (const [from, to] of [[KEPT, "away"], ["away", KEPT]] as const) {
          await peer.send(link("Move", { from, to }));
          assertEquals((await peer.expect("File")).name, to);
        }
      }
      await isKept(stage);
      return `nothing, the session lives${await lives(peer)}`;
    },
  },
];

async function putKept(stage: Stage): Promise<void> {
  await using client = await stage.connect();
  await client.put(KEPT, CONTENT);
}

async function isKept(stage: Stage, name = KEPT): Promise<void> {
  await using client = await stage.connect();
  assert((await client.stat(name)).size > 0);
}

function list(fields: Partial<MessageOf<"List">>): Message {
  return { type: "List", tag: 1, limit: 10, prefix: "", after: "", ...fields };
}

function remove(fields: Partial<MessageOf<"Remove">>): Message {
  return { type: "Remove", tag: 1, condition: 0, ifVersion: 0, name: KEPT, ...fields };
}

function link(type: "Move" | "Copy", fields: Partial<MessageOf<"Move">>): Message {
  return { tag: 1, condition: 0, ifVersion: 0, from: KEPT, to: "elsewhere", ...fields, type };
}
