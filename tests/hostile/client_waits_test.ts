// Two waits of a client that only an unusual server makes it feel: one that never accepts, and one that shows
// life and takes nothing.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { connect, MorselError } from "../../mod.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { greetedPair } from "../support/greeted_pair.ts";

Deno.test("connect() gives up an address where nobody accepts after 10 s", async () => {
  // Nothing is ever accepted; once the system's queue is full it answers no connection any more.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const waiting: Deno.TcpConn[] = [];
  for (let isFull = false; !isFull;) {
    assert(waiting.length < 100, "the queue does not fill");
    const signal = AbortSignal.timeout(300);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port, signal }).catch(() => {});
    if (connection) waiting.push(connection);
    isFull = !connection;
  }
  const startedMs = performance.now();
  const error = await assertRejects(() => connect({ host: "127.0.0.1", port }), MorselError);
  for (const connection of waiting) connection.close();
  assertEquals(error.code, "deadline");
  assertStringIncludes(error.message, "within 10 s");
  assertLess(performance.now() - startedMs, 12_500);
});

Deno.test("an upload gives up a server that answers Pings and takes nothing else", async () => {
  const clock = new FakeClock();
  const { client, peer: server } = await greetedPair(clock);
  const { stallMs } = DEFAULT_LIMITS;
  let error: unknown;
  client.put("a", contentOf(2_000_000)).catch((thrown) => error = thrown);
  const { tag } = await server.expect("Begin");
  await server.send({ type: "Begun", tag, upload: new Uint8Array(16), epoch: 1, offset: 0 });
  // Its Pings do not get through either; a Pong that comes all the same is a sign of life.
  for (let passedMs = 0; passedMs < 2 * stallMs * 1.25; passedMs += stallMs / 4) {
    if (passedMs < 2 * stallMs) assertEquals(error, undefined, "gave up early");
    await server.send({ type: "Pong", tag: 0 });
    await clock.advance(stallMs / 4);
  }
  assertInstanceOf(error, MorselError);
  assertEquals(error.detail.what, "the other side to take what was sent");
  await client.close();
});
