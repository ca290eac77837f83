// Who is let in (PROTOCOL.md 4.15), what strangers can do before that, and when a token's sessions end.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ChannelBinding } from "../../lib/base/connection.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { RIGHTS } from "../../lib/base/principal.ts";
import { SCRAM, ScramClient } from "../../lib/base/scram_exchange.ts";
import { parseToken } from "../../lib/base/token.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { TokenStore } from "../../lib/store/token_store.ts";
import type { Message } from "../../lib/protocol/messages.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { begin, data, read, stat } from "../support/requests.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const ELSE = `morsel_else_${"0".repeat(64)}`;

async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, MorselError)).code;
}

Deno.test("a token lets in, and everything else is refused", async () => {
  const tokens = memoryTokens(systemClock);
  await using server = await memoryServer({ tokens });
  await (await server.connect()).close();
  assertEquals(await codeOf(server.connect(ELSE)), "authentication");
  const token = await makeToken(tokens, "full", RIGHTS);
  const wrong = `morsel_full_${"0".repeat(64)}`;
  for (const bad of [undefined, ELSE, wrong, "nonsense"]) {
    assertEquals(await codeOf(server.connect(bad)), "authentication");
  }
  await using client = await server.connect(token);
  await client.put("a", "content");
  assertEquals((await client.stat("a")).size, 7);
  assert(!server.trace.join("\n").includes(parseToken(token).secret));
});

Deno.test("tokens are bound to a TLS channel where both ends can", async () => {
  const binding: ChannelBinding = { type: "tls-exporter", data: new Uint8Array(32).fill(1) };
  const tokens = memoryTokens(systemClock);
  const token = await makeToken(tokens, "full", RIGHTS);
  await using server = await memoryServer({ tokens, binding });
  const connect = (channelBinding: ChannelBinding | undefined) =>
    FileClient.open(Object.assign(server.open(), { channelBinding }), {
      clock: systemClock,
      token,
    });
  await connect(binding);
  await connect({ ...binding, type: "tls-server-end-point" });
  const other = { ...binding, data: new Uint8Array(32).fill(2) };
  assertEquals(await codeOf(connect(other)), "authentication");
});

Deno.test("a name that there is not is answered as a wrong proof is, with the same salt each time", async () => {
  const tokens = memoryTokens(systemClock);
  await makeToken(tokens, "full", RIGHTS);
  await using server = await memoryServer({ tokens });
  const answers: Message[][] = [];
  const salts = new Set<string>();
  for (const name of ["full", "nobody", "nobody"]) {
    const peer = new RawPeer(server.open());
    await peer.greet();
    const proof = new ScramClient({ name, secret: "x" }, "n");
    await peer.send({ type: "Authenticate", tag: 0, mechanism: SCRAM, data: proof.first() });
    const challenge = await peer.expect("Challenge");
    salts.add(/s=[^,]+,i=\d+/.exec(new TextDecoder().decode(challenge.data))![0]);
    await peer.send({ type: "Response", tag: 0, data: await proof.final(challenge.data) });
    answers.push([await peer.expect("Error")]);
    peer.connection.close();
  }
  assertEquals(answers[1], answers[0]);
  assertEquals(answers[2], answers[0]);
  assertEquals(salts.size, 2);
});

Deno.test("before its proof a client is refused whatever else it sends", async () => {
  const tokens = memoryTokens(systemClock);
  await makeToken(tokens, "full", RIGHTS);
  await using server = await memoryServer({ tokens });
  const first: Message = {
    type: "Authenticate",
    tag: 0,
    mechanism: SCRAM,
    data: new ScramClient({ name: "full", secret: "x" }, "n").first(),
  };
  const attacks: [Message[], number][] = [
    [[stat(1)], 18],
    [[read(1)], 18],
    [[begin(1)], 18],
    [[{ type: "Ping", tag: 1 }], 18],
    [[{ type: "Response", tag: 0, data: new Uint8Array(4) }], 18],
    [[first, first, first], 1],
    [[first, stat(1)], 1],
    [[{ ...first, data: new Uint8Array(100) }], 1],
    [[{ ...first, mechanism: "PLAIN" }], 18],
    [[data(1, new Uint8Array(4088))], 1],
  ];
  for (const [messages, code] of attacks) {
    const peer = new RawPeer(server.open());
    await peer.greet();
    await peer.send(...messages);
    let last = await peer.next();
    if (last?.type === "Challenge") last = await peer.next();
    assertEquals(last?.type === "Error" && [last.tag, last.code], [0, code]);
    peer.connection.close();
  }
  assertEquals(server.errors, []);
});

Deno.test("a client that falls silent before its proof is let go after 10 s", async () => {
  const clock = new FakeClock();
  const tokens = memoryTokens(clock);
  await makeToken(tokens, "full", RIGHTS);
  await using server = await memoryServer({ tokens, clock });
  const peer = new RawPeer(server.open());
  await peer.greet();
  const rest = peer.rest();
  await clock.advance(13_000);
  const [error] = await rest;
  assertEquals(error?.type === "Error" && error.detail.what, "the proof of a token");
});

Deno.test("revoking a token ends its sessions and what they transfer within 2 seconds, and no others", async () => {
  const clock = new FakeClock();
  const path = await Deno.makeTempDir();
  const parts = { files: (await import("../../lib/runtime/node_files.ts")).nodeFiles, clock };
  const tokens = await TokenStore.open(path, { ...parts, openSql: openNodeSql });
  // As another process does it.
  const admin = await TokenStore.open(path, { ...parts, openSql: openNodeSql });
  for await (const { name } of Deno.readDir(path)) {
    assertEquals((await Deno.stat(`${path}/${name}`)).mode! & 0o777, 0o600, name);
  }
  {
    await using server = await memoryServer({ tokens, clock });
    await using early = await server.connectLasting();
    await early.put("early", "e");
    const one = await makeToken(admin, "one", RIGHTS);
    const two = await makeToken(admin, "two", RIGHTS);
    await clock.advance(2000);
    assertEquals(await codeOf(early.stat("early")), "authentication");
    const [ended, stays] = [await server.connect(one), await server.connect(two)];
    const put = codeOf(ended.put("large", new ReadableStream()));
    await settled();
    admin.revoke("one");
    await clock.advance(2000);
    assertEquals(await put, "authentication");
    assertEquals(await codeOf(server.connect(one)), "authentication");
    await stays.put("small", "s");
    await clock.advance(5000);
    assertEquals((await stays.stat("small")).size, 1);
  }
  tokens[Symbol.dispose]();
  admin[Symbol.dispose]();
  await Deno.remove(path, { recursive: true });
});

Deno.test("an expired token ends its sessions, and says that it has expired", async () => {
  const clock = new FakeClock();
  const tokens = memoryTokens(clock);
  await using server = await memoryServer({ tokens, clock });
  const expiresMs = clock.now() + 10_000;
  const token = await makeToken(tokens, "brief", RIGHTS, { expiresMs });
  await using client = await server.connectLasting({ token });
  await clock.advance(8000);
  await client.put("a", "a");
  await clock.advance(4000);
  assertEquals(await codeOf(client.stat("a")), "authentication");
  const error = await assertRejects(() => server.connect(token), MorselError);
  assertEquals(error.message, "The token brief has expired");
});
