// Nobody waits for ever: a server that stops at each point of a conversation costs its client a stated time.

import { assertEquals, assertInstanceOf } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import type { Message, MessageOf } from "../../lib/protocol/messages.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { RawPeer } from "../support/raw_peer.ts";

const limits = { ...DEFAULT_LIMITS, window: 256 * 1024, maxChunk: 65536 };
const { stallMs } = limits;

interface Stage {
  readonly clock: FakeClock;
  readonly server: RawPeer;
  /** A client that has been welcomed. */
  readonly client: FileClient;
}

async function onStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const [near, far] = memoryPair();
  const server = new RawPeer(far);
  const opening = FileClient.open(near, { clock });
  const greeting = await server.expect("Hello");
  await server.send(welcome(greeting, { limits, bootId: new Uint8Array(16) }).reply);
  const client = await opening;
  await act({ clock, server, client });
  await client.close();
  await settled();
  assertEquals(clock.timers, 0, "timers are left");
}

/** Fails with `deadline` for this, after some time and before a quarter more. */
async function assertGivesUp(
  work: Promise<unknown>,
  { clock, what, afterMs }: { clock: FakeClock; what: string; afterMs: number },
): Promise<void> {
  let error: unknown;
  work.catch((thrown) => error = thrown);
  await clock.advance(afterMs * 0.9);
  assertEquals(error, undefined, "gave up early");
  await clock.advance(afterMs * 0.4);
  assertInstanceOf(error, MorselError);
  assertEquals([error.code, error.detail.what], ["deadline", what]);
}

/** Answers pings, so that only the point in question is silent. */
async function answerPings(server: RawPeer): Promise<void> {
  for (let message = await server.next(); message; message = await server.next()) {
    if (message.type === "Ping") await server.send({ type: "Pong", tag: message.tag });
  }
}

const FILE: Omit<MessageOf<"File">, "tag"> = {
  type: "File",
  version: 1,
  size: 1_000_000,
  committedMs: 1,
  modifiedMs: 0,
  digest: new Uint8Array(32),
  metadata: {},
  name: "a",
};

Deno.test("connect() gives up a server that does not greet", async () => {
  const clock = new FakeClock();
  const [near] = memoryPair();
  const opening = FileClient.open(near, { clock });
  await assertGivesUp(opening, { clock, what: "the greeting", afterMs: 10_000 });
});

Deno.test("a call gives up a server that does not answer", () =>
  onStage(async ({ clock, server, client }) => {
    answerPings(server).catch(() => {});
    const work = client.stat("a");
    await assertGivesUp(work, { clock, what: "a reply", afterMs: 2 * stallMs });
  }));

Deno.test("a call gives up a server that stops inside a frame", () =>
  onStage(async ({ clock, server, client }) => {
    const work = client.stat("a");
    await server.expect("Stat");
    await server.sendBytes(encode({ ...FILE, tag: 1 }).subarray(0, 20));
    await settled();
    await assertGivesUp(work, { clock, what: "the rest of a frame", afterMs: stallMs });
  }));

Deno.test("a client gives up a server that leaves a Ping without any sign of life", () =>
  onStage(async ({ clock, client }) => {
    await clock.advance(stallMs / 3);
    const work = client.stat("a");
    await assertGivesUp(work, { clock, what: "a sign of life", afterMs: stallMs });
  }));

Deno.test("close() drops after a second what a slow server has not taken of an upload", () =>
  onStage(async ({ clock, client }) => {
    const work = client.put("a", contentOf(1_000_000)).catch((error) => error);
    await settled();
    let isClosed = false;
    const closing = client.close().then(() => isClosed = true);
    await clock.advance(900);
    assertEquals(isClosed, false);
    await clock.advance(200);
    await closing;
    assertEquals((await work).code, "connection");
  }));

Deno.test("a download gives up a server that stops in the middle", () =>
  onStage(async ({ clock, server, client }) => {
    const opening = client.get("a");
    const { tag } = await server.expect("ReadRange");
    await server.send({ ...FILE, tag });
    const work = (await opening).bytes();
    await server.send({ type: "Data", tag, offset: 0, data: contentOf(1300) });
    await settled();
    answerPings(server).catch(() => {});
    await assertGivesUp(work, { clock, what: "a reply", afterMs: 2 * stallMs });
  }));

Deno.test("an upload gives up a server that acknowledges nothing", () =>
  onStage(async ({ clock, server, client }) => {
    answerPings(server).catch(() => {});
    const work = client.put("a", contentOf(1_000_000));
    await settled();
    await assertGivesUp(work, { clock, what: "a reply", afterMs: 2 * stallMs });
  }));

Deno.test("an upload gives up a server that does not take its bytes", () =>
  onStage(async ({ clock, client }) => {
    const work = client.put("a", contentOf(1_000_000));
    await settled();
    // The Ping stands in line behind them, so that it is not its answer that is missed.
    const what = "the other side to take what was sent";
    await assertGivesUp(work, { clock, what, afterMs: 2 * stallMs });
  }));

Deno.test("an upload gives up a server that does not answer its Commit", () =>
  onStage(async ({ clock, server, client }) => {
    answerPings(server).catch(() => {});
    const work = client.put("a", "small");
    await assertGivesUp(work, { clock, what: "a reply", afterMs: 2 * stallMs });
  }));

Deno.test("an upload from a slow source is kept alive and does not give up", () =>
  onStage(async ({ clock, server, client }) => {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const source = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
    const seen: Message[] = [];
    void (async () => {
      for (let message = await server.next(); message; message = await server.next()) {
        seen.push(message);
        if (message.type === "Ping") await server.send({ type: "Pong", tag: 0 });
        if (message.type === "Commit") await server.send({ ...FILE, size: 5, tag: message.tag });
      }
    })();
    const work = client.put("a", source);
    await clock.advance(20 * stallMs);
    controller.enqueue(new Uint8Array(5));
    controller.close();
    assertEquals((await work).size, 5);
    assertEquals(seen.filter(({ type }) => type === "Ping").length, 60);
  }));
