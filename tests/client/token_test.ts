// A client with a token trusts no server that cannot prove that it knows it (PROTOCOL.md 4.15).

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ChannelBinding } from "../../lib/base/connection.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { hello, welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import type { MessageOf } from "../../lib/protocol/messages.ts";
import { errorMessage } from "../../lib/server/error_message.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const TOKEN = `morsel_me_${"ab".repeat(32)}`;
const bootId = new Uint8Array(16);
const BINDING: ChannelBinding = { type: "tls-server-end-point", data: new Uint8Array(32).fill(1) };
const bytes = (text: string) => new TextEncoder().encode(text);
const { reply } = welcome(hello(), {
  limits: DEFAULT_LIMITS,
  bootId,
  features: { auth: "SCRAM-SHA-256" },
});
const boundReply = {
  ...reply,
  features: { auth: "SCRAM-SHA-256-PLUS SCRAM-SHA-256", binding: BINDING.type },
};
const NO_PROOF: MessageOf<"Authenticated"> = {
  type: "Authenticated",
  tag: 0,
  data: bytes(`v=${btoa("\0".repeat(32))}`),
};

Deno.test("a client sends its first message of a proof behind Hello, and nothing to a server without the keys", async () => {
  const { client, server } = await setUp();
  const stat = assertRejects(() => client.stat("secret name"), MorselError);
  await server.expect("Hello");
  const first = await server.expect("Authenticate");
  await server.send(reply, challengeTo(first));
  await server.expect("Response");
  await server.send(NO_PROOF);
  assertEquals((await stat).code, "authentication");
  assertEquals(await server.rest(), []);
  assert(!(await stat).message.includes("ab".repeat(8)));
});

Deno.test("inside TLS the first request follows the proof, and nothing is believed before the server's own", async () => {
  const { client, server } = await setUp(BINDING);
  const stat = assertRejects(() => client.stat("a"), MorselError);
  await server.expect("Hello");
  const first = await server.expect("Authenticate");
  assertEquals(first.mechanism, "SCRAM-SHA-256-PLUS");
  await server.send(boundReply, challengeTo(first));
  await server.expect("Response");
  const { tag } = await server.expect("Stat");
  await server.send(NO_PROOF, errorMessage(tag, new MorselError("not_found", "There is none")));
  assertEquals((await stat).code, "authentication");
});

Deno.test("a client inside TLS proves its token anew, on the same connection, to a server that is behind it", async () => {
  const tokens = memoryTokens(systemClock);
  const token = await makeToken(tokens, "me", ["read"]);
  await using server = await memoryServer({ tokens });
  const near = Object.assign(server.open(), { channelBinding: BINDING });
  await using client = await FileClient.open(near, { clock: systemClock, token });
  assertEquals((await client.stat("a").catch((error) => error)).code, "not_found");
  const proofs = server.trace.filter((line) => line.startsWith("C: Authenticate"));
  assertEquals(proofs.map((line) => line.split('"')[1]), ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
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

/** A client with a token that does not wait to be greeted, and its server; with a binding, inside TLS. */
async function setUp(channelBinding?: ChannelBinding) {
  const [near, far] = memoryPair();
  const client = await FileClient.connect({
    dial: async () => Object.assign(near, { channelBinding }),
    clock: systemClock,
    retryMs: 0,
    random: () => 0,
    early: true,
    token: TOKEN,
  });
  return { client, server: new RawPeer(far) };
}

function challengeTo({ data }: MessageOf<"Authenticate">): MessageOf<"Challenge"> {
  const [, nonce] = /r=(.*)/.exec(new TextDecoder().decode(data))!;
  return { type: "Challenge", tag: 0, data: bytes(`r=${nonce}x,s=AAAA,i=4096`) };
}
