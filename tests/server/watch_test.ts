// Watches of sessions: woken by commits, read from the log as fast as they are taken, and ended in every way.

import { assert, assertEquals, assertLess } from "@std/assert";
import { errorCodeOf } from "../../lib/base/errors.ts";
import { checkName } from "../../lib/base/names.ts";
import { DEFAULT_LIMITS, MAX_WATCHES } from "../../lib/protocol/limits.ts";
import { FROM_NOW, type Message } from "../../lib/protocol/messages.ts";
import { CHANGES_DROPPED_AT_ONCE } from "../../lib/store/catalog.ts";
import { inlineFile } from "../support/catalog_records.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { watch } from "../support/requests.ts";

interface Stage {
  readonly server: MemoryServer;
  readonly catalog: MemoryCatalog;
  /** It stands still unless a test moves it: whoever polls would never come to anything. */
  readonly clock: FakeClock;
  /** A new session that has greeted. */
  greeted(): Promise<RawPeer>;
  /** Makes a change of each name: it is there then. */
  change(...names: string[]): Promise<void>;
}

async function onStage(act: (stage: Stage) => Promise<void>, changesKept?: number): Promise<void> {
  const clock = new FakeClock();
  const catalog = new MemoryCatalog(clock, { changes: changesKept });
  {
    await using server = await memoryServer({ clock, catalog });
    await act({
      server,
      catalog,
      clock,
      greeted: async () => {
        const peer = new RawPeer(server.open());
        await peer.greet();
        return peer;
      },
      change: async (...names) => {
        for (const name of names) await catalog.commit(inlineFile(name, contentOf(9)));
      },
    });
    assertEquals(server.errors, []);
  }
  assertEquals([catalog.log.listeners, clock.timers], [0, 0], "listeners and timers are left");
}

Deno.test("a watch is woken by each commit of any session, and by nothing else", () =>
  onStage(async ({ server, greeted, catalog }) => {
    const peer = await greeted();
    await peer.send(watch(1, { since: FROM_NOW }));
    assertEquals((await peer.expect("Watching")).sequence, 0);
    const pages = countPages(catalog);
    await using other = await server.connect();
    for (const name of ["a", "b"]) {
      const put = await other.put(name, "content");
      const { version, name: told } = await peer.expect("File");
      assertEquals([told, version], [name, put.version]);
    }
    await other.stat("a");
    await other.remove("a");
    assertEquals((await peer.expect("Removed")).sequence, 3);
    await settled();
    assertEquals(pages.count, 3);
  }));

Deno.test("watches of one session and of several each get what they asked for", () =>
  onStage(async ({ greeted, change, catalog }) => {
    await change("a/1", "b/1");
    const peers = [await greeted(), await greeted()];
    for (const peer of peers) {
      await peer.send(watch(1), watch(2, { prefix: "b/" }), watch(3, { since: FROM_NOW }));
      const first = await take(peer, 6);
      assertEquals(placesOf(first, 1), ["Watching 0", "File 1", "File 2"]);
      assertEquals(placesOf(first, 2), ["Watching 0", "File 2"]);
      assertEquals(placesOf(first, 3), ["Watching 2"]);
    }
    await change("a/2");
    await catalog.remove(checkName("b/1"), { kind: "any" });
    for (const peer of peers) {
      const later = await take(peer, 5);
      assertEquals(placesOf(later, 1), ["File 3", "Removed 4"]);
      assertEquals(placesOf(later, 2), ["Removed 4"]);
      assertEquals(placesOf(later, 3), ["File 3", "Removed 4"]);
    }
  }));

Deno.test("a client that does not read costs two pages, and misses nothing once it does", () =>
  onStage(async ({ greeted, catalog }) => {
    const metadata = { filler: "x".repeat(16_000) };
    for (let index = 0; index < 1000; index++) {
      await catalog.commit({ ...inlineFile(`${index}`, contentOf(9)), metadata });
    }
    const pages = countPages(catalog);
    const peer = await greeted();
    void peer.send(watch(1));
    await settled();
    assertEquals(pages.count, 2);
    for (let index = 0; index < 50; index++) {
      await catalog.remove(checkName(`${index}`), { kind: "any" });
    }
    await settled();
    assertEquals(pages.count, 2);
    await peer.expect("Watching");
    for (let sequence = 1; sequence <= 1000; sequence++) {
      assertEquals((await peer.expect("File")).version, sequence);
    }
    assertEquals((await peer.expect("Watched")).sequence, 1000);
    assertLess(pages.count, 150);
    void peer.send(watch(1, { since: 1000, limit: 50 }));
    assertEquals((await take(peer, 52)).at(-1), { type: "Watched", tag: 1, sequence: 1050 });
  }));

Deno.test("a client that the log has overtaken is told that changes are gone", () =>
  onStage(async ({ greeted, catalog }) => {
    const metadata = { filler: "x".repeat(16_000) };
    for (let index = 0; index < 500; index++) {
      await catalog.commit({ ...inlineFile("a", contentOf(9)), metadata });
    }
    const peer = await greeted();
    void peer.send(watch(1));
    await settled();
    for (let index = 0; index < CHANGES_DROPPED_AT_ONCE; index++) {
      await catalog.commit(inlineFile("a", contentOf(9)));
    }
    await peer.expect("Watching");
    let last = 0;
    let message = await peer.next();
    for (; message?.type === "File"; message = await peer.next()) {
      assertEquals(message.version, last + 1);
      last = message.version;
    }
    assert(message?.type === "Error" && last > 0);
    assertEquals([message.tag, errorCodeOf(message.code)], [1, "gone"]);
    assertEquals(message.detail, { first: `${CHANGES_DROPPED_AT_ONCE - 499}`, last: "1500" });
    await peer.send({ type: "Ping", tag: 5 });
    await peer.expect("Pong");
  }, 500));

Deno.test("Cancel ends a watch, whether it waits or is told of changes", () =>
  onStage(async ({ greeted, catalog, change }) => {
    const peer = await greeted();
    await peer.send(watch(1));
    await peer.expect("Watching");
    assertEquals(catalog.log.listeners, 1);
    await peer.send({ type: "Cancel", tag: 1 });
    assertEquals(errorCodeOf((await peer.expect("Error")).code), "cancelled");
    assertEquals(catalog.log.listeners, 0);
    await change(...Array.from({ length: 1000 }, (_, index) => `${index}`));
    void peer.send(watch(1), { type: "Cancel", tag: 1 });
    const messages: Message[] = [];
    while (messages.at(-1)?.type !== "Error") messages.push((await peer.next())!);
    assertLess(messages.length, 1000);
    // The tag is free again.
    await peer.send(watch(1, { since: 1000 }));
    assertEquals((await peer.expect("Watching")).sequence, 1000);
  }));

Deno.test("Cancel right behind a watch ends it, too, and its session with the connection", () =>
  onStage(async ({ greeted, catalog, server }) => {
    for (const since of [FROM_NOW, 0]) {
      const peer = await greeted();
      await peer.send(watch(1, { since }), { type: "Cancel", tag: 1 });
      // Where it begins need not be looked up, and is told before the Cancel is read.
      if (since === 0) await peer.expect("Watching");
      assertEquals(errorCodeOf((await peer.expect("Error")).code), "cancelled");
      assertEquals(catalog.log.listeners, 0);
      peer.connection.close();
      await server.ended();
    }
  }));

Deno.test("a watch ends with its connection, also one that is told of changes", () =>
  onStage(async ({ greeted, change, catalog, server }) => {
    await change(...Array.from({ length: 1000 }, (_, index) => `${index}`.repeat(100)));
    for (const since of [FROM_NOW, 0]) {
      const peer = await greeted();
      void peer.send(watch(1, { since }));
      await peer.expect("Watching");
      assertEquals(catalog.log.listeners, 1);
      peer.connection.close();
      await server.ended();
      assertEquals(catalog.log.listeners, 0);
    }
  }));

Deno.test("a server that drains ends watches at once and says where to go on", () =>
  onStage(async ({ greeted, change, server }) => {
    await change("a", "b");
    const [waiting, told] = [await greeted(), await greeted()];
    await waiting.send(watch(1, { prefix: "none" }));
    await told.send(watch(7, { since: 1 }));
    await waiting.expect("Watching");
    await told.expect("Watching");
    await told.expect("File");
    server.drain();
    for (const [peer, tag] of [[waiting, 1], [told, 7]] as const) {
      await peer.expect("Drain");
      assertEquals(await peer.expect("Watched"), { type: "Watched", tag, sequence: 2 });
      const last = await peer.expect("Error");
      assertEquals([last.tag, errorCodeOf(last.code)], [0, "draining"]);
      assertEquals(await peer.rest(), []);
      peer.connection.close();
    }
    await server.ended();
  }));

Deno.test("a session has so many watches and no more, and room again when one ends", () =>
  onStage(async ({ greeted, catalog }) => {
    const peer = await greeted();
    for (let tag = 1; tag <= MAX_WATCHES; tag++) {
      await peer.send(watch(tag));
      await peer.expect("Watching");
    }
    await peer.send(watch(99));
    const refusal = await peer.expect("Error");
    assertEquals([refusal.tag, errorCodeOf(refusal.code)], [99, "limit"]);
    assertEquals(refusal.detail, { limit: "watches", value: String(MAX_WATCHES) });
    await peer.send({ type: "Cancel", tag: 3 });
    await peer.expect("Error");
    await peer.send(watch(99));
    await peer.expect("Watching");
    assertEquals(catalog.log.listeners, MAX_WATCHES);
  }));

Deno.test("a watch under a rare prefix is told how far it has come, now and then", () =>
  onStage(async ({ greeted, change }) => {
    const many = Array.from({ length: 12_000 }, (_, index) => `many/${index}`);
    await change(...many);
    const peer = await greeted();
    await peer.send(watch(1, { prefix: "rare" }));
    const marks = (await take(peer, 3)).map((message) => message as { sequence: number });
    assertEquals(marks.map(({ sequence }) => sequence), [0, 10_000, 12_000]);
    for (let index = 0; index < 1000; index++) await change(many[index]!);
    assertEquals((await peer.expect("Watching")).sequence, 13_000);
    await change("rare");
    assertEquals((await peer.expect("File")).version, 13_001);
  }));

Deno.test("a session with a watch is kept by Pings, and by nothing less", () =>
  onStage(async ({ greeted, clock, server }) => {
    const { idleMs } = DEFAULT_LIMITS;
    const peer = await greeted();
    await peer.send(watch(1));
    await peer.expect("Watching");
    for (let turn = 0; turn < 10; turn++) {
      await clock.advance(idleMs * 0.9);
      void peer.send({ type: "Ping", tag: 0 });
      await peer.expect("Pong");
    }
    await clock.advance(idleMs * 1.25);
    const last = (await peer.rest()).at(-1);
    assert(last?.type === "Error");
    assertEquals([last.tag, last.detail.what], [0, "a request"]);
    await server.ended();
  }));

/** Counts the pages of the log that are read from now on. */
function countPages({ log }: MemoryCatalog): { count: number } {
  const pages = { count: 0 };
  const { page } = log;
  log.page = (since, options) => {
    pages.count++;
    return page.call(log, since, options);
  };
  return pages;
}

async function take(peer: RawPeer, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count) messages.push((await peer.next())!);
  return messages;
}

/** What those with one tag are, and the sequences in them. */
function placesOf(messages: readonly Message[], tag: number): string[] {
  return messages.filter((message) => message.tag === tag).map((message) => {
    if (message.type === "File") return `File ${message.version}`;
    return `${message.type} ${"sequence" in message ? message.sequence : ""}`;
  });
}
