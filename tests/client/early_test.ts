// A client that does not wait for the greeting (PROTOCOL.md 4.1): its first request goes out behind Hello.

import { assertEquals, assertRejects } from "@std/assert";
import type { Connection } from "../../lib/base/connection.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { Calls } from "../../lib/client/calls.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import type { PutOptions, TransferEvent } from "../../lib/client/types.ts";
import { errorMessage } from "../../lib/server/error_message.ts";
import { hello, welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { contentOf } from "../support/content.ts";
import { cutConnection } from "../support/cut_connection.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";

Deno.test("an early client sends one request behind Hello, and the others once it was greeted", async () => {
  const { client, peer } = await setUp();
  const stats = [client.stat("a"), client.stat("b")].map((stat) => stat.catch(() => {}));
  assertEquals((await peer.expect("Stat")).name, "a");
  const { reply } = welcome(hello(), { limits: DEFAULT_LIMITS, bootId: new Uint8Array(16) });
  await peer.send(reply);
  const { name, tag } = await peer.expect("Stat");
  assertEquals(name, "b");
  const notFound = new MorselError("not_found", "There is no such file");
  await peer.send(errorMessage(1, notFound), errorMessage(tag, notFound));
  await Promise.all(stats);
  assertEquals(client.terms.maxRequests, DEFAULT_LIMITS.maxRequests);
  await client.close();
});

Deno.test("an early client asks for large chunks, and puts, only once it was greeted", async () => {
  await using server = await memoryServer({ limits: { maxChunk: 4096 } });
  const content = contentOf(300_000);
  await using putter = await early(() => server.open());
  await putter.put("large", content);
  await using small = await early(() => server.open());
  assertEquals(await (await small.get("large")).bytes(), content);
  await using large = await early(() => server.open());
  assertEquals(await (await large.get("large", { chunkSize: 4096 })).bytes(), content);
  await using larger = await early(() => server.open());
  const refused = await assertRejects(() => larger.get("large", { chunkSize: 4097 }), MorselError);
  assertEquals(refused.code, "limit");
});

Deno.test("an early client begins an upload whose data waits for Begun behind Hello, and no other", async () => {
  const large = contentOf(300_000);
  const { client, peer } = await setUp();
  const failed = client.put("large", large, { modifiedMs: 1 }).catch(() => {});
  assertEquals((await peer.expect("Begin")).resume, 1);
  await client.close();
  await failed;
  const others: [Uint8Array, PutOptions][] = [
    [contentOf(10), { modifiedMs: 1 }], // all of it would follow
    [large, {}], // nothing that it could be told by
    [large, { modifiedMs: 1, chunkSize: 4096 }], // which the server may refuse
    [large, { modifiedMs: 1, metadata: { long: "x".repeat(5000) } }], // no frame of a greeting
  ];
  for (const [content, options] of others) {
    const { client, peer } = await setUp();
    const put = client.put("a", content, options).catch(() => {});
    await settled();
    await peer.send(errorMessage(0, new MorselError("busy", "It was not to be")));
    await put;
    assertEquals(await peer.rest(), []);
    await client.close();
  }
});

Deno.test("an upload that is begun early goes on with what is there", async () => {
  await using server = await memoryServer();
  const content = contentOf(3_000_000);
  const about = { modifiedMs: 5 };
  await using cut = await early(() => cutConnection(server.open(), { afterSent: 2_000_000 }), 0);
  await assertRejects(() => cut.put("a", content, about), MorselError);
  await server.ended();
  const events: TransferEvent[] = [];
  const onEvent = (event: TransferEvent) => void events.push(event);
  await using client = await early(() => server.open());
  await client.put("a", content, { ...about, onEvent });
  assertEquals(events.map(({ kind }) => kind), ["resumed"]);
  assertEquals(await (await client.get("a")).bytes(), content);
});

Deno.test("what comes in the place of a greeting is told by the first call, at once", async () => {
  const { client, peer } = await setUp();
  const stat = assertRejects(() => client.stat("a"), MorselError);
  await peer.expect("Stat");
  await peer.send(errorMessage(0, new MorselError("busy", "There are 3 sessions already")));
  assertEquals((await stat).code, "busy");
  const put = await assertRejects(() => client.put("a", "content"), MorselError);
  assertEquals([put.code, put.message], ["connection", "There is no other connection"]);
  await client.close();
});

Deno.test("a server that leaves with its greeting leaves no timer behind", async () => {
  const clock = new FakeClock();
  const [near, far] = memoryPair();
  const peer = new RawPeer(far);
  const opening = Calls.open(near, { clock });
  await peer.expect("Hello");
  const { reply } = welcome(hello(), { limits: DEFAULT_LIMITS, bootId: new Uint8Array(16) });
  await peer.send(reply, { type: "Drain", tag: 0, graceMs: 1000 });
  const calls = await opening;
  assertEquals([calls.isUsable, clock.timers], [false, 0]);
});

Deno.test("a client knows how long its server took to greet", async () => {
  const clock = new FakeClock();
  const [near, far] = memoryPair();
  const peer = new RawPeer(far);
  const opening = FileClient.open(near, { clock });
  await peer.expect("Hello");
  await clock.advance(120);
  await peer.send(welcome(hello(), { limits: DEFAULT_LIMITS, bootId: new Uint8Array(16) }).reply);
  const client = await opening;
  assertEquals(client.roundTripMs, 120);
  await client.close();
});

/** An early client, and the peer that has read its Hello. */
async function setUp(): Promise<{ client: FileClient; peer: RawPeer }> {
  const [near, far] = memoryPair();
  const connections = [near];
  const client = await early(() => {
    const next = connections.pop();
    if (!next) throw new MorselError("connection", "There is no other connection");
    return next;
  });
  const peer = new RawPeer(far);
  await peer.expect("Hello");
  return { client, peer };
}

function early(dial: () => Connection, retryMs = 60_000): Promise<FileClient> {
  return FileClient.connect({
    dial: async () => dial(),
    clock: systemClock,
    retryMs,
    random: () => 0,
    early: true,
  });
}
