// A limited token cannot tell by the time of an answer whether something outside its prefix exists (PROTOCOL.md 4.16),
// nor a stranger whether a token has a name: the server takes the same steps in both cases. Counted, not timed.

import { assert, assertEquals } from "@std/assert";
import { type Right, RIGHTS } from "../../lib/base/principal.ts";
import { SCRAM, ScramClient } from "../../lib/base/scram_exchange.ts";
import { parseToken } from "../../lib/base/token.ts";
import { fromHex, toHex } from "../../lib/base/hex.ts";
import {
  FROM_NOW,
  type Message,
  type Request,
  type RequestName,
} from "../../lib/protocol/messages.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import type { SqlDatabase } from "../../lib/runtime/sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { TokenStore } from "../../lib/store/token_store.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { recorded } from "../support/recorded_calls.ts";
import { begin, commit, data, read, stat, watch } from "../support/requests.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

/** Names outside the prefix `photos/`: of one world, and of one that is like it but for these. */
const THERE = ["other/a", "photosx", "photos"];
const ELSEWHERE = ["elsewhere/a", "fotosx", "fotos"];
/** Of what is stored in one world only. */
const CONTENT = contentOf(100_000);

/** Every request as it asks for what is outside; `id` is of an upload, `version` of a file outside. */
const ASKING: Record<RequestName, (about: Outside) => Request[]> = {
  Stat: ({ tag, name }) => [stat(tag, name)],
  List: ({ tag, name }) => [
    { type: "List", tag, limit: 10, prefix: name, after: "" },
    { type: "List", tag, limit: 10, prefix: "", after: name },
  ],
  ReadRange: ({ tag, name, version }) => [
    read(tag, { name }),
    read(tag, { name, version }),
    read(tag, { name, proof: 1, length: 65536 }),
    read(tag, { name: "photos/absent", version }),
  ],
  Begin: ({ tag, name, version }) => [
    begin(tag, { name }),
    begin(tag, { name, resume: 1, declaredSize: CONTENT.length }),
    begin(tag, { name, condition: 1 }),
    begin(tag, { name, condition: 2, ifVersion: version }),
  ],
  Remove: ({ tag, name }) => [{ type: "Remove", tag, condition: 0, ifVersion: 0, name }],
  Move: (about) => links("Move", about),
  Copy: (about) => links("Copy", about),
  ListUploads: ({ tag }) => [{ type: "ListUploads", tag }],
  AbortUpload: ({ tag, id }) => [{ type: "AbortUpload", tag, upload: fromHex(id) }],
  Watch: ({ tag, name }) => [
    watch(tag, { prefix: name }),
    watch(tag, { prefix: name, since: FROM_NOW }),
  ],
  Stats: ({ tag }) => [{ type: "Stats", tag }],
};
/** What looks at the prefix of the token, or at all uploads: so it does, whatever there is. */
const LOOKS: readonly RequestName[] = ["List", "ListUploads", "AbortUpload", "Watch"];

interface Outside {
  readonly tag: number;
  readonly name: string;
  readonly id: string;
  readonly version: number;
}

for (const rights of [RIGHTS, ...RIGHTS.map((right) => [right])]) {
  for (const type of Object.keys(ASKING) as RequestName[]) {
    Deno.test(`${type} takes the same steps whether or not what is outside exists, with ${rights}`, async () => {
      await using world = await World.make(THERE, rights);
      await using other = await World.make(ELSEWHERE, rights);
      const peers = [await world.enter(), await other.enter()] as const;
      for (const name of THERE) {
        const about = { tag: 1, name, id: world.uploadId, version: world.version };
        for (const request of ASKING[type](about)) {
          const [found, absent] = [
            await world.ask(peers[0], request),
            await other.ask(peers[1], request),
          ];
          assertEquals(found, absent);
          if (!LOOKS.includes(type) && found.replies.at(-1)?.type === "Error") {
            assertEquals(outsideOnly(found.calls), []);
          }
        }
      }
    });
  }
}

Deno.test("a proof is judged in the same steps whether or not there is a token of that name", async () => {
  const calls: string[] = [];
  using tokens = new TokenStore(recordedSql(openNodeSql(":memory:"), calls), systemClock);
  await makeToken(tokens, "full", RIGHTS);
  await using server = await memoryServer({ tokens });
  const attempts: unknown[] = [];
  for (const name of ["full", "nobd"]) {
    calls.length = 0;
    const peer = new RawPeer(server.open());
    const challenge = await prove(peer, { name, secret: "x" });
    const [, salt, iterations] = /,s=(.*),i=(.*)$/.exec(new TextDecoder().decode(challenge))!;
    const refusal = await peer.next();
    attempts.push({
      refusal,
      size: salt!.length,
      iterations,
      calls: calls.map((call) => call.replace(name, "NAME")),
    });
    peer.connection.close();
  }
  assertEquals(attempts[1], attempts[0]);
  assert(calls.length > 0);
});

/** A server with files and an unfinished upload outside a prefix, and a token that is limited to it. */
class World implements AsyncDisposable {
  readonly uploadId: string;
  readonly version: number;
  readonly #server: MemoryServer;
  readonly #token: string;
  readonly #calls: string[];

  private constructor(
    server: MemoryServer,
    about: { token: string; calls: string[]; uploadId: string; version: number },
  ) {
    this.#server = server;
    this.#token = about.token;
    this.#calls = about.calls;
    this.uploadId = about.uploadId;
    this.version = about.version;
  }

  static async make(names: readonly string[], rights: readonly Right[]): Promise<World> {
    const calls: string[] = [];
    const clock = new FakeClock();
    const tokens = memoryTokens(clock);
    const catalog = recorded(new MemoryCatalog(clock), calls);
    const server = await memoryServer({
      clock,
      tokens,
      catalog,
      blobs: recorded(new MemoryBlobs(), calls),
    });
    const owner = new RawPeer(server.open());
    await prove(owner, parseToken(await makeToken(tokens, "owner", RIGHTS)));
    await owner.expect("Authenticated");
    // Whatever there is, it is as many changes.
    for (const name of names) {
      await owner.send(begin(1, { name }), data(1, CONTENT), commit(1, CONTENT));
      await until(owner, "File");
    }
    const { version } = await server.store.stat(names[0]!);
    await owner.send(begin(2, { name: `${names[0]}/large`, declaredSize: CONTENT.length }));
    const { upload } = await owner.expect("Begun");
    const token = await makeToken(tokens, "one", rights, { prefix: "photos/" });
    return new World(server, { token, calls, uploadId: toHex(upload), version });
  }

  /** A peer with the token. */
  async enter(): Promise<RawPeer> {
    const peer = new RawPeer(this.#server.open());
    await prove(peer, parseToken(this.#token));
    await peer.expect("Authenticated");
    return peer;
  }

  /** What a request is answered with, and what is asked of catalog and blobs meanwhile. */
  async ask(peer: RawPeer, request: Request): Promise<{ calls: string[]; replies: Message[] }> {
    this.#calls.length = 0;
    await peer.send(request);
    const replies: Message[] = [];
    for (;;) {
      const reply = (await peer.next())!;
      replies.push(reply);
      if (reply.type === "Watching" || reply.type === "Begun") {
        await peer.send({ type: "Cancel", tag: request.tag });
      } else if (LAST.has(reply.type)) break;
    }
    if (request.type === "Begin") await peer.send({ type: "Cancel", tag: request.tag });
    return { calls: [...this.#calls], replies };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

const LAST: ReadonlySet<string> = new Set(["Error", "File", "Page", "End", "Watched", "Figures"]);

/** Proves a token, or tries to; returns the challenge. */
async function prove(peer: RawPeer, token: { name: string; secret: string }): Promise<Uint8Array> {
  await peer.greet();
  const client = new ScramClient(token, "n");
  await peer.send({ type: "Authenticate", tag: 0, mechanism: SCRAM, data: client.first() });
  const challenge = (await peer.expect("Challenge")).data;
  await peer.send({ type: "Response", tag: 0, data: await client.final(challenge) });
  return challenge;
}

function links(type: "Move" | "Copy", { tag, name }: Outside): Request[] {
  const inside = "photos/absent";
  const asked = [[name, inside], [inside, name], [name, `${name}2`]] as const;
  return asked.map(([from, to]) => ({ type, tag, condition: 0, ifVersion: 0, from, to }));
}

async function until(peer: RawPeer, type: Message["type"]): Promise<void> {
  for (let message = await peer.next(); message?.type !== type; message = await peer.next()) {
    assert(message && message.type !== "Error", JSON.stringify(message));
  }
}

/** The calls that are not about a name under the prefix, which a token may well ask for. */
function outsideOnly(calls: readonly string[]): string[] {
  return calls.filter((call) => !call.includes("photos/absent"));
}

/** A database whose statements are written down as they run, with what is bound to them. */
function recordedSql(db: SqlDatabase, calls: string[]): SqlDatabase {
  return {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => recorded(db.prepare(sql), calls),
    transaction: (work) => db.transaction(work),
    close: () => db.close(),
  };
}
