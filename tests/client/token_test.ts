// A client with a token trusts no server that cannot prove that it knows it (PROTOCOL.md 4.15).

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { hello, welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const TOKEN = `morsel_me_${"ab".repeat(32)}`;
const bootId = new Uint8Array(16);
const bytes = (text: string) => new TextEncoder().encode(text);
const { reply } = welcome(hello(), {
  limits: DEFAULT_LIMITS,
  bootId,
  features: { auth: "SCRAM-SHA-256" },
});

Deno.test("a client sends its first message of a proof behind Hello, and nothing to a server without the keys", async () => {
  const [near, far] = memoryPair();
  const server = new RawPeer(far);
  const client = await FileClient.connect({
    dial: async () => near,
    clock: systemClock,
    retryMs: 0,
    random: () => 0,
    early: true,
    token: TOKEN,
  });
  const stat = assertRejects(() => client.stat("secret name"), MorselError);
  await server.expect("Hello");
  const first = new TextDecoder().decode((await server.expect("Authenticate")).data);
  await server.send(reply, {
    type: "Challenge",
    tag: 0,
    data: bytes(`r=${/r=(.*)/.exec(first)![1]}x,s=AAAA,i=4096`),
  });
  await server.expect("Response");
  await server.send({ type: "Authenticated", tag: 0, data: bytes(`v=${btoa("\0".repeat(32))}`) });
  assertEquals((await stat).code, "authentication");
  assertEquals(await server.rest(), []);
  assert(!(await stat).message.includes("ab".repeat(8)));
});

Deno.test("connect() gives up a server that leaves a proof unanswered", async () => {
  const clock = new FakeClock();
  const [near, far] = memoryPair();
  const server = new RawPeer(far);
  let failure: unknown;
  FileClient.open(near, { clock, token: TOKEN }).catch((error) => failure = error);
  await server.expect("Hello");
  await server.send(reply);
  await settled();
  await clock.advance(9000);
  assertEquals(failure, undefined);
  await clock.advance(4000);
  assertEquals((failure as MorselError).detail.what, "the proof of a token");
});

Deno.test("the proof of a token is no part of the round trip that a client tells", async () => {
  const tokens = memoryTokens(systemClock);
  const token = await makeToken(tokens, "me", ["read"]);
  let said: readonly string[] = [];
  // Whatever the server says takes 100 ms.
  const clientClock = {
    ...systemClock,
    monotonicMs: () => 100 * said.filter((line) => line.startsWith("S:")).length,
  };
  await using server = await memoryServer({ tokens, clientClock });
  said = server.trace;
  await using client = await server.connect(token);
  assertEquals(said.filter((line) => line.startsWith("S: Authenticated")).length, 1);
  assertEquals(client.roundTripMs, 100);
});
