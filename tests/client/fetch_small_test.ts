// A small file, whole: what comes of it is proven or nothing, and what is wrong is told by the way of all files.

import { assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import type { Message } from "../../lib/protocol/messages.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { greetedPair } from "../support/greeted_pair.ts";
import { memoryServer } from "../support/memory_server.ts";

Deno.test("getSmall() gives files of up to a block, in one request each", async () => {
  await using server = await memoryServer();
  const { trace } = server;
  await using client = await server.connect();
  for (const size of [0, 1, 1300, 1301, 65_535, 65_536]) {
    const content = contentOf(size);
    const { digest } = await client.put(`${size}`, content);
    trace.length = 0;
    const small = await client.getSmall(`${size}`);
    assertEquals(small?.bytes, content);
    assertEquals([small?.file.name, small?.file.digest], [`${size}`, digest]);
    assertEquals(trace.filter((line) => line.startsWith("C: ")).length, 1);
  }
});

Deno.test("getSmall() leaves larger files alone, and says what is not there", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  await client.put("large", contentOf(65_537));
  assertEquals(await client.getSmall("large"), undefined);
  const missing = await assertRejects(() => client.getSmall("missing"), MorselError);
  assertEquals(missing.code, "not_found");
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await assertRejects(() => client.getSmall("large", { signal: stop.signal }), Error, "enough");
});

const CONTENT = contentOf(2000);
const TAG = { tag: 1 };
const FILE: Message = {
  ...{ type: "File", ...TAG, version: 1, size: CONTENT.length, committedMs: 0, modifiedMs: 0 },
  ...{ digest: digestOf(CONTENT), metadata: {}, name: "a" },
};
const FIRST: Message = { type: "Data", ...TAG, offset: 0, data: CONTENT.slice(0, 1300) };
const SECOND: Message = { type: "Data", ...TAG, offset: 1300, data: CONTENT.slice(1300) };
const PROOF: Message = { type: "Proof", ...TAG, hashes: new Uint8Array(0) };
const END: Message = { type: "End", ...TAG, offset: CONTENT.length };

Deno.test("getSmall() takes the replies of a sound server", async () => {
  assertEquals((await replied([FILE, FIRST, SECOND, PROOF, END]))?.bytes, CONTENT);
});

const flipped = CONTENT.slice(0, 1300);
flipped[77]! ^= 1;
const UNSOUND: Record<string, Message[]> = {
  "a byte that is not the file's": [FILE, { ...FIRST, data: flipped }, SECOND, PROOF, END],
  "a chunk less": [FILE, FIRST, PROOF, END],
  "a chunk twice": [FILE, FIRST, FIRST, PROOF, END],
  "a chunk too many": [FILE, FIRST, SECOND, { ...FIRST, offset: CONTENT.length }, PROOF, END],
  "chunks out of order": [FILE, SECOND, FIRST, PROOF, END],
  "bytes before the file": [FIRST, FILE, SECOND, PROOF, END],
  "a second description": [FILE, FILE, FIRST, SECOND, PROOF, END],
  "a proof with hashes": [FILE, FIRST, SECOND, { ...PROOF, hashes: digestOf(CONTENT) }, END],
  "an end elsewhere": [FILE, FIRST, SECOND, PROOF, { ...END, offset: 1300 }],
  "nothing but an end": [END],
};
for (const [what, replies] of Object.entries(UNSOUND)) {
  Deno.test(`getSmall() takes nothing of ${what}`, async () => {
    assertEquals(await replied(replies), undefined);
  });
}

Deno.test("getSmall() does not believe that a file is empty whose digest says otherwise", async () => {
  const empty = { ...FILE, size: 0 } as Message;
  assertEquals(await replied([empty, PROOF, { ...END, offset: 0 }]), undefined);
  const nothing = { ...empty, digest: digestOf(new Uint8Array(0)) } as Message;
  const small = await replied([nothing, PROOF, { ...END, offset: 0 }]);
  assertEquals(small?.bytes, concat([]));
});

/** What a client makes of these replies to its first request. */
async function replied(replies: Message[]) {
  const { client, peer } = await greetedPair();
  const done = client.getSmall("a");
  const { tag } = await peer.expect("ReadRange");
  assertEquals(tag, TAG.tag);
  await peer.send(...replies);
  const small = await done;
  await client.close();
  return small;
}
