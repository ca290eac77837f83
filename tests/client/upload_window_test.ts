// How many bytes of an upload are under way: as many as the link seems to hold, within what the server allows.

import { assert } from "@std/assert";
import type { ByteSource } from "../../lib/client/types.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { greetedPair } from "../support/greeted_pair.ts";
import { memoryServer } from "../support/memory_server.ts";

const MIB = 1024 * 1024;

Deno.test("an upload is ahead of its server by what the link brings in a round trip", async () => {
  const clock = new FakeClock();
  const { client, peer: server } = await greetedPair(clock);
  const put = client.put("a", zeros, { size: 512 * MIB }).catch(() => {});
  const { tag } = await server.expect("Begin");
  let sent = 0;
  const taking = (async () => {
    for (let message = await server.next(); message; message = await server.next()) {
      if (message.type === "Data") sent += message.data.length;
    }
  })();
  /** It goes on to here, in batches of up to 1 MiB, and waits. */
  const assertSent = async (expected: number) => {
    for (let before = -1; before < sent; await settled()) before = sent;
    assert(expected - sent / MIB >= 0 && expected - sent / MIB < 1, `${sent / MIB} of ${expected}`);
  };
  const ack = (received: number) =>
    server.send({ type: "Ack", tag, received: received * MIB, durable: 0 });
  await assertSent(22);
  await ack(2);
  await assertSent(24);
  // 20 ms are the least that counts as a round trip.
  await clock.advance(20);
  await ack(20);
  await assertSent(20 + 20 * 1.85);
  await clock.advance(20);
  await ack(56);
  await assertSent(56 + 64);
  await client.close();
  await Promise.all([put, taking]);
});

Deno.test("a server says what it has of an upload each 2 MiB, however large the window is", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  await client.put("a", contentOf(16 * MIB));
  const acks = server.trace.filter((line) => line.startsWith("S: Ack"));
  const received = acks.map((line) => Number(/received (\d+)/.exec(line)![1]) / MIB);
  const steps = received.map((at, index) => at - (received[index - 1] ?? 0));
  assert(Math.max(...steps) < 3, `it took ${Math.max(...steps)} MiB`);
  assert(received.at(-1)! >= 14);
});

const zeros: ByteSource = {
  read: (into, position) => Promise.resolve(Math.min(into.length, 512 * MIB - position)),
};
