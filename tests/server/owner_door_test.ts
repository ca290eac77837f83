// The door that is for workers alone: who comes without their secret gets nothing, and a worker tells nothing to
// whoever is not its server.

import { assertEquals, assertRejects } from "@std/assert";
import { errorCodeOf, MorselError } from "../../lib/base/errors.ts";
import type { Clock } from "../../lib/base/clock.ts";
import type { Principal } from "../../lib/base/principal.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS, type Limits } from "../../lib/protocol/limits.ts";
import { UNKNOWN_SIZE } from "../../lib/protocol/messages.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { OwnerDoor } from "../../lib/server/owner_door.ts";
import { OwnerLink } from "../../lib/server/owner_link.ts";
import { OwnerLinks } from "../../lib/server/owner_links.ts";
import { RelayedUpload } from "../../lib/server/relayed_upload.ts";
import { WORKER_MECHANISM } from "../../lib/server/worker_words.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { memoryServer } from "../support/memory_server.ts";
import { type QueueListener, queueListener } from "../support/queue_listener.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { begin, stat } from "../support/requests.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const SECRET = "5".repeat(64);

async function atDoor(
  act: (listener: QueueListener) => Promise<void>,
  { clock = systemClock, limits = DEFAULT_LIMITS }: { clock?: Clock; limits?: Limits } = {},
): Promise<void> {
  await using server = await memoryServer({ clock });
  using tokens = memoryTokens(clock);
  await makeToken(tokens, "cam", ["list"], { prefix: "cam/" });
  const listener = queueListener();
  const bootId = new Uint8Array(16);
  const { store } = server;
  const figures = async ({ name }: Principal) => ({ version: `for ${name}` });
  const shared = { store, tokens, limits, bootId, clock, figures };
  const door = new OwnerDoor({ listener, secret: SECRET, ...shared });
  await act(listener);
  await door.close();
}

function link(listener: QueueListener, by: string, secret = SECRET): Promise<OwnerLink> {
  const connect = () => Promise.resolve(listener.dial("127.0.0.1:1"));
  return OwnerLink.open(by, { connect, secret, clock: systemClock, onLost: () => {} });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, MorselError)).code;
}

Deno.test("a worker asks in the name of a token, and gets what that may", () =>
  atDoor(async (listener) => {
    const all = await link(listener, "");
    assertEquals(await codeOf(all.call({ type: "Stat", name: "a" })), "not_found");
    const cam = await link(listener, "cam");
    const request = { type: "Remove", name: "cam/a", condition: 0, ifVersion: 0 } as const;
    assertEquals(await codeOf(cam.call(request)), "forbidden");
    const told = await cam.call({ type: "Stats" });
    assertEquals(told.type === "Figures" && told.figures, { version: "for cam" });
    assertEquals(await codeOf(link(listener, "nobody")), "authentication");
    all.close();
    cam.close();
  }));

Deno.test("whoever does not know the secret is refused, on both sides", () =>
  atDoor(async (listener) => {
    // The worker leaves first: what answers does not know its secret.
    assertEquals(await codeOf(link(listener, "", "6".repeat(64))), "authentication");
    const client = new RawPeer(listener.dial("127.0.0.1:1"));
    await client.send(hello(), stat(1));
    assertEquals(errorCodeOf((await client.expect("Error")).code), "authentication");
    const liar = new RawPeer(listener.dial("127.0.0.1:1"));
    await liar.send({ ...hello(), features: { nonce: "7".repeat(64) } });
    await liar.expect("Welcome");
    for (const data of [new Uint8Array(0), new Uint8Array(32)]) {
      await liar.send({ type: "Authenticate", tag: 0, mechanism: WORKER_MECHANISM, data });
    }
    assertEquals(errorCodeOf((await liar.expect("Error")).code), "authentication");
    for (const { connection } of [client, liar]) connection.close();
  }));

Deno.test("an upload over a worker may be silent for hours, as its client says that it lives", () => {
  const clock = new FakeClock();
  return atDoor(async (listener) => {
    const lost: unknown[] = [];
    const link = await OwnerLink.open("", {
      connect: () => Promise.resolve(listener.dial("127.0.0.1:1")),
      secret: SECRET,
      clock,
      onLost: (why) => lost.push(why),
    });
    const begun = Promise.withResolvers<void>();
    const { tag: _, ...request } = begin(1, { name: "slow", declaredSize: UNKNOWN_SIZE });
    const last = link.call(request, () => begun.resolve());
    await begun.promise;
    const content = contentOf(100_000);
    await link.send({ type: "Data", offset: 0, data: content.subarray(0, 70_000) });
    for (let hours = 0; hours < 48; hours++) await clock.advance(3_600_000);
    assertEquals(lost, []);
    await link.send({ type: "Data", offset: 70_000, data: content.subarray(70_000) });
    await link.send({ type: "Commit", size: content.length, digest: digestOf(content) });
    assertEquals((await last).type, "File");
    link.close();
  }, { clock });
});

Deno.test("a worker sends no more in a frame than its server takes", () => {
  const maxChunk = 65_000;
  return atDoor(async (listener) => {
    const links = new OwnerLinks({
      connect: () => Promise.resolve(listener.dial("127.0.0.1:1")),
      secret: SECRET,
      clock: systemClock,
      onLost: () => {},
    });
    const { tag: _, ...request } = begin(1, { name: "large" });
    const upload = await RelayedUpload.begin(links, { by: "", request, declaredSize: undefined });
    const content = contentOf(200_000);
    await upload.write(content, 0);
    assertEquals((await upload.commit(content.length, digestOf(content))).size, content.length);
    links.close();
  }, { limits: { ...DEFAULT_LIMITS, maxChunk, maxFrame: 65_536 } });
});
