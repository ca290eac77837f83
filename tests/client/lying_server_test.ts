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

function fileOf(tag: number, digest: Uint8Array): MessageOf<"File"> {
  const times = { committedMs: 0, modifiedMs: 0 };
  return { type: "File", tag, version: 1, size: 0, ...times, digest, metadata: {}, name: "a" };
}
