// What a client does not take from a server that lies, or from a link that changes what it says.

import { assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { hello, welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import type { MessageOf } from "../../lib/protocol/messages.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { RawPeer } from "../support/raw_peer.ts";

for (const work of ["get", "verify"] as const) {
  Deno.test(`${work}() does not believe that a file is empty whose digest says otherwise`, async () => {
    const { client, peer } = await setUp();
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

/** A client, and the server's end of its connection, which has greeted. */
async function setUp(): Promise<{ client: FileClient; peer: RawPeer }> {
  const [near, far] = memoryPair();
  const peer = new RawPeer(far);
  const opening = FileClient.open(near, { clock: systemClock });
  await peer.expect("Hello");
  const { reply } = welcome(hello(), { limits: DEFAULT_LIMITS, bootId: new Uint8Array(16) });
  await peer.send(reply);
  return { client: await opening, peer };
}

function fileOf(tag: number, digest: Uint8Array): MessageOf<"File"> {
  const times = { committedMs: 0, modifiedMs: 0 };
  return { type: "File", tag, version: 1, size: 0, ...times, digest, metadata: {}, name: "a" };
}
