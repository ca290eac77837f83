// The door that is for workers alone: who comes without their secret gets nothing, and a worker tells nothing to
// whoever is not its server.

import { assertEquals, assertRejects } from "@std/assert";
import { errorCodeOf, MorselError } from "../../lib/base/errors.ts";
import type { Principal } from "../../lib/base/principal.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { OwnerDoor } from "../../lib/server/owner_door.ts";
import { OwnerLink } from "../../lib/server/owner_link.ts";
import { WORKER_MECHANISM } from "../../lib/server/worker_words.ts";
import { memoryServer } from "../support/memory_server.ts";
import { type QueueListener, queueListener } from "../support/queue_listener.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { stat } from "../support/requests.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const SECRET = "5".repeat(64);

async function atDoor(act: (listener: QueueListener) => Promise<void>): Promise<void> {
  await using server = await memoryServer();
  using tokens = memoryTokens(systemClock);
  await makeToken(tokens, "cam", ["list"], { prefix: "cam/" });
  const listener = queueListener();
  const bootId = new Uint8Array(16);
  const clock = systemClock;
  const { store } = server;
  const limits = DEFAULT_LIMITS;
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
