// What a client does not take from a server that lies, or from a link that changes what it says.

import { assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import type { MessageOf } from "../../lib/protocol/messages.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { greetedPair } from "../support/greeted_pair.ts";

for (const work of ["get", "verify"] as const) {
  Deno.test(`${work}() does not believe that a file is empty whose digest says otherwise`, async () => {
    const { client, peer } = await greetedPair();
    const done = assertRejects(async () => {
      if (work === "verify") await client.verify("a");
      else await (await client.get("a")).bytes();
    }, MorselError);
    const { tag } = await peer.expect("ReadRange");
    await peer.send(fileOf(tag, digestOf(contentOf(10))), { type: "End", tag, offset: 0 });
    assertEquals((await done).code, "integrity");
    await client.close();
  });
}

Deno.test("list() does not take more than it has asked for", async () => {
  const { client, peer } = await greetedPair();
  const listed = assertRejects(() => Array.fromAsync(client.list({ pageSize: 3 })), MorselError);
  const { tag } = await peer.expect("List");
  for (const name of ["a", "b", "c", "d"]) {
    await peer.send({ ...fileOf(tag, digestOf(contentOf(10))), name });
  }
  assertEquals((await listed).code, "protocol");
  await client.close();
});

Deno.test("put() does not take more Leaves than what it goes on behind", async () => {
  const { client, peer } = await greetedPair();
  const content = contentOf(200_000);
  const source = {
    read: (into: Uint8Array, position: number) => {
      const piece = content.subarray(position, position + into.length);
      into.set(piece);
      return Promise.resolve(piece.length);
    },
  };
  const put = assertRejects(
    () => client.put("a", source, { size: content.length, modifiedMs: 1 }),
    MorselError,
  );
  const { tag } = await peer.expect("Begin");
  const hashes = new Uint8Array(64);
  await peer.send(
    { type: "Begun", tag, upload: new Uint8Array(16), epoch: 2, offset: 65_536 },
    { type: "Leaves", tag, index: 0, hashes },
  );
  assertEquals((await put).code, "protocol");
  await client.close();
});

function fileOf(tag: number, digest: Uint8Array): MessageOf<"File"> {
  const times = { committedMs: 0, modifiedMs: 0 };
  return { type: "File", tag, version: 1, size: 0, ...times, digest, metadata: {}, name: "a" };
}
