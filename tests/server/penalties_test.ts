// What strangers cost (PROTOCOL.md 4.1): penalties that grow and run out, and few places for the unproven.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { addressOf } from "../../lib/base/peer_address.ts";
import { EVERYBODY } from "../../lib/base/principal.ts";
import { SCRAM, ScramClient } from "../../lib/base/scram_exchange.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { Admission, MAX_UNPROVEN, MAX_UNPROVEN_OF_ADDRESS } from "../../lib/server/admission.ts";
import { FileServer } from "../../lib/server/file_server.ts";
import { Penalties } from "../../lib/server/penalties.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { newId } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { queueListener } from "../support/queue_listener.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const A = "192.0.2.1:1000";

async function guardedServer() {
  const clock = new FakeClock();
  const tokens = memoryTokens(clock);
  const token = await makeToken(tokens, "one", ["read", "list"]);
  const catalog = new MemoryCatalog(clock);
  const { store } = await FileStore.open({ catalog, blobs: new MemoryBlobs(), clock, newId });
  const listener = queueListener();
  const server = new FileServer({
    listener,
    store,
    tokens,
    limits: DEFAULT_LIMITS,
    clock,
    bootId: new Uint8Array(16),
    maxConnections: 1000,
    graceMs: 0,
    facts: { version: "test" },
  });
  const peer = (remote: string) => new RawPeer(listener.dial(remote));
  return {
    clock,
    peer,
    /** What a Hello is answered by. */
    greeting: async (remote: string): Promise<unknown> => {
      const stranger = peer(remote);
      await stranger.send(HELLO);
      const message = await stranger.next();
      stranger.connection.close();
      await settled();
      return message?.type === "Error" ? { code: message.code, ...message.detail } : message?.type;
    },
    guess: async (remote: string) => {
      const guesser = peer(remote);
      await guesser.greet();
      const scram = new ScramClient({ name: "one", secret: "0".repeat(64) }, "n");
      const data = scram.first();
      await guesser.send({ type: "Authenticate", tag: 0, mechanism: SCRAM, data });
      const challenge = await guesser.expect("Challenge");
      await guesser.send({ type: "Response", tag: 0, data: await scram.final(challenge.data) });
      await guesser.expect("Error");
      guesser.connection.close();
      await settled();
    },
    connect: (remote: string) => FileClient.open(listener.dial(remote), { clock, token }),
    [Symbol.asyncDispose]: async () => {
      const closed = server.close();
      await clock.advance(5000);
      await closed;
      await store[Symbol.asyncDispose]();
      tokens[Symbol.dispose]();
    },
  };
}

const HELLO = {
  type: "Hello",
  tag: 0,
  magic: 0x4d52534c,
  version: 1,
  maxFrame: 65536,
  idleMs: 60_000,
  stallMs: 60_000,
  features: {},
} as const;

Deno.test("penalties add up, bite from 15 s on to their end, and run out", async () => {
  const clock = new FakeClock();
  const penalties = new Penalties(clock);
  penalties.add("192.0.2.1", "proof");
  penalties.add("192.0.2.1", "proof");
  assertEquals(penalties.remainingMs("192.0.2.1"), 0);
  assertEquals(penalties.add("192.0.2.1", "proof"), 15_000);
  await clock.advance(14_000);
  assertEquals(penalties.remainingMs("192.0.2.1"), 1000);
  assertEquals(penalties.add("192.0.2.1", "deadline"), 11_000);
  assertEquals(penalties.remainingMs("192.0.2.2"), 0);
  await clock.advance(11_000);
  assertEquals(penalties.remainingMs("192.0.2.1"), 0);
  assertEquals(penalties.size, 0);
  for (let offence = 0; offence < 1000; offence++) penalties.add("192.0.2.1", "garbage");
  assertEquals(penalties.remainingMs("192.0.2.1"), 600_000);
});

Deno.test("a network of IPv6 is one offender, loopback is none, and the table of them is bounded", () => {
  const penalties = new Penalties(new FakeClock());
  for (const last of [1, 2]) penalties.add(addressOf(`2001:db8:1:2::${last}:1000`), "deadline");
  assert(penalties.remainingMs(addressOf("2001:db8:1:2:ffff::9:1")) > 0);
  assertEquals(penalties.remainingMs(addressOf("2001:db8:1:3::1:1")), 0);
  for (const remote of ["127.0.0.1:1", "127.9.9.9:1", "::1:1", "::ffff:127.0.0.1:1"]) {
    for (let offence = 0; offence < 10; offence++) penalties.add(addressOf(remote), "proof");
    assertEquals(penalties.remainingMs(addressOf(remote)), 0);
  }
  for (let index = 0; index < 20_000; index++) {
    penalties.add(`10.0.${index >> 8}.${index & 255}`, "proof");
  }
  assertEquals(penalties.size, 16_384);
});

Deno.test("who guesses tokens is let in no more for a while, is told for how long, and others are not kept out", async () => {
  await using server = await guardedServer();
  for (let guess = 0; guess < 3; guess++) await server.guess(A);
  assertEquals(await server.greeting(A), { code: 14, afterMs: "15000" });
  await using _other = await server.connect("192.0.2.2:1000");
  await server.clock.advance(15_000);
  await using client = await server.connect(A);
  assertEquals(await Array.fromAsync(client.list()), []);
});

Deno.test("garbage before the greeting and silence before the proof are punished, no token is not", async () => {
  await using server = await guardedServer();
  for (let time = 0; time < 10; time++) {
    const peer = server.peer(A);
    await peer.greet();
    await peer.send({ type: "Ping", tag: 1 });
    await peer.expect("Error");
    peer.connection.close();
    await settled();
  }
  assertEquals(await server.greeting(A), "Welcome");
  for (let time = 0; time < 3; time++) {
    const peer = server.peer(A);
    await peer.sendBytes(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    await peer.expect("Error");
    peer.connection.close();
    await settled();
  }
  assertEquals(await server.greeting(A), { code: 14, afterMs: "15000" });
  const silent = [server.peer("192.0.2.3:1"), server.peer("192.0.2.3:2")];
  await server.clock.advance(13_000);
  for (const { connection } of silent) connection.close();
  await settled();
  assertEquals(await server.greeting("192.0.2.3:3"), { code: 14, afterMs: "17000" });
});

Deno.test("one address has a part of the places for those who have yet to prove a token", async () => {
  await using server = await guardedServer();
  const crowd = Array.from({ length: MAX_UNPROVEN_OF_ADDRESS }, () => server.peer(A));
  for (const peer of crowd) await peer.greet();
  const full = { code: 14, limit: "maxUnprovenOfAddress", value: String(MAX_UNPROVEN_OF_ADDRESS) };
  assertEquals(await server.greeting(A), full);
  const clients: FileClient[] = [];
  for (let index = 0; index < MAX_UNPROVEN_OF_ADDRESS + 10; index++) {
    clients.push(await server.connect("192.0.2.2:1000"));
  }
  crowd[0]!.connection.close();
  await settled();
  assertEquals(await server.greeting(A), "Welcome");
  for (const { connection } of crowd) connection.close();
  for (const client of clients) await client.close();
});

Deno.test("there are so many places for the unproven in all, and each is free again once", () => {
  const admission = new Admission({ maxConnections: 10_000, maxSessions: 10_000 }, {
    clock: new FakeClock(),
  });
  const places = Array.from(
    { length: MAX_UNPROVEN },
    (_, index) => admission.enter(`10.0.0.${index}:1`, true),
  );
  const error = assertThrows(() => admission.enter("10.1.0.0:1", true), MorselError);
  assertEquals(error.detail, { limit: "maxUnproven", value: String(MAX_UNPROVEN) });
  places[0]!.prove(EVERYBODY);
  places[0]!.leave();
  assertEquals([admission.served.total, admission.unproven.total], [
    MAX_UNPROVEN - 1,
    MAX_UNPROVEN - 1,
  ]);
});
