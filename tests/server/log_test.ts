// What a server tells of what happens: docs/operating.md.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { RIGHTS } from "../../lib/base/principal.ts";
import { SCRAM, ScramClient } from "../../lib/base/scram_exchange.ts";
import { parseToken } from "../../lib/base/token.ts";
import { TOKEN_WATCH_MS } from "../../lib/server/token_watch.ts";
import type { ServerEvent } from "../../lib/server/server_event.ts";
import { type LogRecord, serverLog } from "../../lib/server/server_log.ts";
import { exposition } from "../../lib/server/exposition.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { begin, commit, data } from "../support/requests.ts";
import { makeToken } from "../support/tokens.ts";
import { watchedServer } from "../support/watched_server.ts";

const A = "192.0.2.1:1000";
const EVERYBODYS = "connection peer principal".split(" ");

/** A record without what every one of a session has, and without what no test can know. */
function facts(record: LogRecord | undefined): Record<string, unknown> {
  const left = Object.entries(record ?? {}).filter(([key, value]) =>
    value !== undefined && !EVERYBODYS.includes(key) && !["time", "ms", "upload"].includes(key)
  );
  return Object.fromEntries(left);
}

async function refused(work: Promise<unknown>): Promise<void> {
  await assertRejects(() => work, MorselError);
}

Deno.test("a log tells of connections, and of each change with name, size, digest and who made it", async () => {
  await using server = await watchedServer();
  const token = await makeToken(server.tokens, "camera", RIGHTS, { prefix: "a" });
  const client = await server.connect(A, token);
  const content = contentOf(100_000);
  await client.put("a1", content);
  await client.put("a2", "small");
  await client.copy("a1", "a3");
  await client.move("a3", "a4");
  await client.remove("a4");
  await (await client.get("a1")).bytes();
  await client.stat("a1");
  await client.close();
  await settled();
  const digest = toHex(digestOf(content));
  const [size, small] = [content.length, toHex(digestOf(new TextEncoder().encode("small")))];
  const { received, sent, ...end } = facts(server.of("disconnect")[0]);
  assertEquals(server.records.slice(0, -1).map(facts), [
    { event: "listening", address: "memory:1" },
    { event: "connect" },
    { event: "authenticated" },
    { event: "commit", name: "a1", received: size, size, digest, version: 1 },
    { event: "commit", name: "a2", received: 5, size: 5, digest: small, version: 2 },
    { event: "copy", name: "a1", to: "a3", size, digest, version: 3 },
    { event: "move", name: "a3", to: "a4", size, digest, version: 5 },
    { event: "delete", name: "a4", size, digest, version: 5 },
  ]);
  assertEquals(end, { event: "disconnect", reason: "The client closed the connection" });
  assert(received as number > size && sent as number > size);
  for (const { time } of server.records) assertEquals(time, "2026-01-01T00:00:00.000Z");
  const [, connect, ...rest] = server.records;
  assertEquals([connect!.connection, connect!.peer, connect!.principal], [1, A, undefined]);
  for (const { connection, peer, principal } of rest) {
    assertEquals([connection, peer, principal], [1, A, "camera"]);
  }
  assertEquals(server.of("commit")[0]!.upload?.length, 32);
});

Deno.test("a log tells of uploads that were given up, and of refusals with their codes", async () => {
  await using server = await watchedServer();
  const token = await makeToken(server.tokens, "t", ["write", "list"], { quotaBytes: 1000 });
  const client = await server.connect(A, token);
  await refused(client.put("large", new Uint8Array(1001)));
  await refused(client.remove("large"));
  await refused(client.move("large", "x".repeat(2000)));
  await refused(client.stat("none"));
  await client.close();
  const peer = await server.proven(A, token);
  await peer.send(begin(1, { name: "left" }), data(1, new Uint8Array(10)));
  const { upload } = await peer.expect("Begun");
  await peer.send({ type: "Cancel", tag: 1 });
  await peer.expect("Error");
  await peer.send(begin(2, { name: "lost" }), data(2, new Uint8Array(10)));
  const lost = await peer.expect("Begun");
  await peer.send(data(2, new Uint8Array(1000), 10));
  while ((await peer.next())?.type !== "Error");
  await peer.send({ type: "AbortUpload", tag: 3, upload: lost.upload });
  await peer.next();
  await peer.send(begin(4), { ...commit(4, new Uint8Array(0)), digest: new Uint8Array(32) });
  while ((await peer.next())?.type !== "Error");
  await peer.end();
  await settled();
  const { name, received, upload: id } = server.of("abort")[0]!;
  assertEquals([name, received, id], ["left", 10, toHex(upload)]);
  const failed = server.of("request_failed").map(({ request, name, code }) => [
    request,
    name && name.length > 20 ? name.length : name,
    code,
  ]);
  assertEquals(failed.slice(0, 5), [
    ["Begin", "large", "quota"],
    ["Remove", "large", "forbidden"],
    ["Move", "large", "limit"],
    ["Stat", "none", "not_found"],
    ["Begin", "lost", "quota"],
  ]);
  assertEquals(failed.at(-1), ["Commit", "a", "integrity"]);
  assertEquals(server.of("request_failed")[2]!.to?.length, 1025);
});

Deno.test("a log tells who was turned away at the door, why a proof failed and when a token ends", async () => {
  await using server = await watchedServer({ maxConnections: 3 });
  const expiresMs = server.clock.now() + 5000;
  const token = await makeToken(server.tokens, "one", RIGHTS, { expiresMs });
  const guess = async (name: string) => {
    const peer = server.peer("192.0.2.9:1");
    await peer.greet();
    const scram = new ScramClient({ name, secret: "0".repeat(64) }, "n");
    await peer.send({ type: "Authenticate", tag: 0, mechanism: SCRAM, data: scram.first() });
    const { data } = await peer.expect("Challenge");
    await peer.send({ type: "Response", tag: 0, data: await scram.final(data) });
    await peer.expect("Error");
    await peer.end();
    await settled();
  };
  await guess("one");
  await guess("morsel_one_secret");
  await guess("one");
  // What is no name of a token may be a secret in the wrong place.
  assertEquals(server.of("authentication_failed").map(({ principal }) => principal), [
    "one",
    undefined,
    "one",
  ]);
  const kept = server.peer("192.0.2.9:2");
  await kept.expect("Error");
  await kept.end();
  const clients = [await server.connect(A, token), await server.connect(A, token)];
  await using _last = await server.connect(A, token);
  const full = server.peer(A);
  await full.expect("Error");
  await full.end();
  assertEquals(server.of("refused").map(({ peer, code, limit }) => ({ peer, code, limit })), [
    { peer: "192.0.2.9:2", code: "busy", limit: undefined },
    { peer: A, code: "busy", limit: "maxConnections" },
  ]);
  assertStringIncludes(server.of("refused")[0]!.reason!, "try again in 15 s");
  await server.clock.advance(5000 + TOKEN_WATCH_MS);
  assertEquals(server.of("token_ended").length, 3);
  assertEquals(facts(server.of("token_ended")[0]), {
    event: "token_ended",
    code: "authentication",
    reason: "The token one has expired",
  });
  for (const client of clients) await client.close().catch(() => {});
});

Deno.test("a log tells why a session ended, and of the end of the server", async () => {
  await using server = await watchedServer();
  const silent = server.peer("192.0.2.1:1");
  await server.clock.advance(12_000);
  silent.connection.close();
  const garbage = server.peer("192.0.2.2:2");
  await garbage.sendBytes(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await garbage.expect("Error");
  garbage.connection.close();
  await settled();
  const left = await server.connect("192.0.2.3:3");
  const stopped = server.stop();
  await left.close();
  await stopped;
  const ends = server.of("disconnect").map(({ peer, code, reason }) => [peer, code, reason]);
  assertEquals(ends[0]!.slice(0, 2), ["192.0.2.1:1", "deadline"]);
  assertEquals(ends[1]!.slice(0, 2), ["192.0.2.2:2", "protocol"]);
  assertEquals(ends[2], ["192.0.2.3:3", undefined, "The server is about to stop"]);
  const order = server.records.map(({ event }) => event);
  assertEquals(order.slice(-3), ["stopping", "disconnect", "stopped"]);
});

Deno.test("what happens beside the sessions is told as well", () => {
  const records: LogRecord[] = [];
  const notice = serverLog((record) => records.push(record), new FakeClock());
  const events: ServerEvent[] = [
    { type: "handshakeFailed", remote: A, why: "ERR_SSL_HTTP_REQUEST" },
    { type: "certificateChanged" },
    { type: "damaged", why: "The blob 1f is gone" },
    { type: "fault", error: new Error("EMFILE") },
  ];
  events.forEach(notice);
  assertEquals(records.map((record) => facts(record)), [
    { event: "tls_failed", reason: "ERR_SSL_HTTP_REQUEST" },
    { event: "certificate_changed" },
    { event: "damage", code: "integrity", reason: "The blob 1f is gone" },
    { event: "fault", code: "internal", reason: "EMFILE" },
  ]);
  assertEquals(records[0]!.peer, A);
});

Deno.test("no secret is in a log: no token, proof, nonce, salt, key, content or metadata", async () => {
  await using server = await watchedServer();
  const token = await makeToken(server.tokens, "one", RIGHTS);
  const { secret } = parseToken(token);
  const secrets = [secret, secret.slice(0, 12), "the content of it", "the metadata of it"];
  const note = (data: Uint8Array) => {
    const parts = new TextDecoder().decode(data).split(",").map((part) => part.slice(2));
    secrets.push(...parts.filter((part) => part.length > 8));
  };
  for (const known of [secret, "0".repeat(64)]) {
    const peer = server.peer(A);
    await peer.greet();
    const scram = new ScramClient({ name: "one", secret: known }, "n");
    const first = scram.first();
    await peer.send({ type: "Authenticate", tag: 0, mechanism: SCRAM, data: first });
    const challenge = (await peer.expect("Challenge")).data;
    const final = await scram.final(challenge);
    await peer.send({ type: "Response", tag: 0, data: final });
    const answer = await peer.next();
    for (const message of [first, challenge, final]) note(message);
    if (answer?.type === "Authenticated") note(answer.data);
    await peer.end();
  }
  await using client = await server.connect(A, token);
  const metadata = { key: "the metadata of it" };
  await client.put("a", "the content of it", { metadata });
  await client.copy("a", "b");
  await client.remove("b");
  await refused(client.put("a/", "the content of it", { metadata }));
  await refused(client.put("a", "the content of it", { metadata, ifAbsent: true }));
  for (const wrong of ["x", `${token}0`, token.replace("one", "two")]) {
    await refused(server.connect(A, wrong));
  }
  await server.stop();
  const text = JSON.stringify(server.records);
  assert(secrets.length > 10 && server.records.length > 12);
  for (const hidden of secrets) assert(!text.includes(hidden), `${hidden} is in ${text}`);
});

Deno.test("docs/operating.md lists every event and every field", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
  const documented = (await read("docs/operating.md")).split("## What happens")[1]!;
  const source = await read("lib/server/server_log.ts");
  const events = [...source.matchAll(/event: "(\w+)"|^ {2}\["\w+", "(\w+)"\],$/gm)]
    .map(([, event, done]) => event ?? done!);
  const record = /interface LogRecord \{[^]*?\n\}/.exec(source)![0];
  const fields = [...record.matchAll(/readonly (\w+)\??:/g)].map(([, field]) => field!);
  assert(events.length > 15 && fields.length > 15);
  for (const word of [...events, "stopping", "stopped", "dropped", "lines", ...fields]) {
    assertStringIncludes(documented, `\`${word}\``);
  }
});

Deno.test("bytes are counted while they move, and once", async () => {
  await using server = await watchedServer();
  const numbers = () => {
    const text = exposition(server.metrics.families());
    const of = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)![1]);
    return [of("morsel_received_bytes_total"), of("morsel_sent_bytes_total")] as const;
  };
  const client = await server.connect(A);
  const [, greeted] = numbers();
  assert(greeted > 0);
  await client.put("a", new Uint8Array(50_000));
  const [received] = numbers();
  assert(received > 50_000);
  await (await client.get("a")).bytes();
  const [, sent] = numbers();
  assert(sent > 50_000);
  await client.close();
  await settled();
  const { received: all, sent: out } = server.of("disconnect")[0]!;
  assertEquals(numbers(), [all!, out!]);
});
