// Nobody waits for ever: a peer that stops at each point of a session is told why, in time, and put out.

import { assert, assertEquals, assertLess } from "@std/assert";
import { errorCodeOf, ERRORS } from "../../lib/base/errors.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { begin } from "../support/requests.ts";

const { idleMs, stallMs } = DEFAULT_LIMITS;

async function attacked(
  attack: (peer: RawPeer, clock: FakeClock, server: MemoryServer) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  await using server = await memoryServer({ clock });
  const peer = new RawPeer(server.open());
  await attack(peer, clock, server);
  await server.ended();
  assertEquals(clock.timers, 0, "timers are left");
}

/** The peer was told `deadline` as the last thing, then the connection was closed. */
async function assertPutOut(peer: RawPeer, what: string): Promise<void> {
  const last = (await peer.rest()).at(-1);
  assert(last?.type === "Error", `${last?.type} is no Error`);
  assertEquals([errorCodeOf(last.code), last.tag], ["deadline", 0]);
  assertEquals(last.detail.what, what);
  assertEquals(last.retry, Number(ERRORS.deadline.retry));
}

Deno.test("a session puts out a peer that never greets, within a quarter over 10 s", () =>
  attacked(async (peer, clock) => {
    await clock.advance(12_500);
    await assertPutOut(peer, "the greeting");
  }));

Deno.test("a session puts out a peer that greets a byte at a time", () =>
  attacked(async (peer, clock) => {
    const greeting = encode(hello());
    for (let index = 0; index < 12; index++) {
      void peer.sendBytes(greeting.subarray(index, index + 1));
      await clock.advance(1000);
    }
    await clock.advance(500);
    await assertPutOut(peer, "the greeting");
  }));

Deno.test("a session puts out a peer that is silent after its greeting, but only after the idle time", () =>
  attacked(async (peer, clock) => {
    await peer.greet();
    await clock.advance(idleMs - 1000);
    void peer.send({ type: "Ping", tag: 5 });
    await settled();
    assertEquals((await peer.expect("Pong")).tag, 5);
    await clock.advance(idleMs / 2);
    void peer.send({ type: "Ping", tag: 6 });
    await settled();
    assertEquals((await peer.expect("Pong")).tag, 6);
    await clock.advance(idleMs * 1.25);
    await assertPutOut(peer, "a request");
  }));

Deno.test("a session puts out a peer that stops inside a frame", () =>
  attacked(async (peer, clock) => {
    await peer.greet();
    void peer.sendBytes(encode({ type: "Stat", tag: 1, name: "a" }).subarray(0, 7));
    await clock.advance(stallMs * 1.25);
    await assertPutOut(peer, "the rest of a frame");
  }));

Deno.test("a session puts out a peer that sends one byte of a frame a second", () =>
  attacked(async (peer, clock) => {
    await peer.greet();
    const frame = encode({ type: "Stat", tag: 1, name: "a".repeat(500) });
    let second = 0;
    for (; second < 120 && clock.timers > 0; second++) {
      void peer.sendBytes(frame.subarray(second, second + 1));
      await clock.advance(1000);
    }
    assertLess(second, 80);
    await assertPutOut(peer, "the rest of a frame");
  }));

Deno.test("a session puts out a peer that begins an upload and is silent; the store forgets it", () =>
  attacked(async (peer, clock, server) => {
    await peer.greet();
    void peer.send(begin(1, { declaredSize: 100 }), {
      type: "Data",
      tag: 1,
      offset: 0,
      data: contentOf(50),
    });
    await clock.advance(stallMs * 1.25);
    await assertPutOut(peer, "the next bytes of an upload");
    assertEquals(await server.store.list({ prefix: "", after: "", limit: 10 }), []);
  }));

Deno.test("a session keeps an upload whose client shows life by Ping", () =>
  attacked(async (peer, clock) => {
    await peer.greet();
    void peer.send(begin(1, { declaredSize: 1 }));
    await peer.expect("Begun");
    for (let turn = 0; turn < 20; turn++) {
      await clock.advance(stallMs * 0.6);
      void peer.send({ type: "Ping", tag: turn });
      await peer.expect("Pong");
    }
    peer.connection.close();
  }));

Deno.test("a session puts out a peer that never reads what it asked for", () =>
  attacked(async (peer, clock, server) => {
    const client = await server.connect();
    await client.put("a", contentOf(5_000_000));
    await client.close();
    await peer.greet();
    void peer.send({
      type: "ReadRange",
      tag: 1,
      offset: 0,
      length: 5_000_000,
      chunk: 1300,
      proof: 0,
      version: 0,
      name: "a",
    });
    await clock.advance(2 * stallMs * 1.25);
    await server.ended();
    const messages = await peer.rest().catch(() => []);
    assert(messages.length < 5_000_000 / 1300, "all of it was sent");
  }));

Deno.test("a session lets a slow reader with pauses finish", () =>
  attacked(async (peer, clock, server) => {
    const size = 1_000_000;
    const client = await server.connect();
    await client.put("a", contentOf(size));
    await client.close();
    await peer.greet();
    void peer.send({
      type: "ReadRange",
      tag: 1,
      offset: 0,
      length: size,
      chunk: 65536,
      proof: 0,
      version: 0,
      name: "a",
    });
    let received = 0;
    for (let message = await peer.next(); message?.type !== "End"; message = await peer.next()) {
      assert(message, "the session ended early");
      if (message.type === "Data") received += message.data.length;
      await clock.advance(stallMs * 0.9);
    }
    assertEquals(received, size);
    peer.connection.close();
  }));
