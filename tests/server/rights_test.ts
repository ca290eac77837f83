// Every request by every kind of principal, on its own name, another's, an absent one and one at the prefix's
// edge (PROTOCOL.md 4.16), with the answer that is expected. What is outside answers alike, there or not.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { type Right, RIGHTS } from "../../lib/base/principal.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { ByteSource, TransferEvent } from "../../lib/client/types.ts";
import { contentOf } from "../support/content.ts";
import { cutConnection } from "../support/cut_connection.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

/** Names under the prefix `photos/`, one that is free there, and names outside: the second of a pair is absent. */
const OWN = "photos/a";
const FREE = "photos/free";
const OUTSIDE = [["other/a", "other/b"], ["photosx", "photosy"], ["photos", "photo"]] as const;

const REQUESTS: Record<string, (client: FileClient, name: string) => Promise<unknown>> = {
  stat: (client, name) => client.stat(name),
  read: async (client, name) => await (await client.get(name)).bytes(),
  put: (client, name) => client.put(name, "new"),
  remove: (client, name) => client.remove(name),
  moveFrom: (client, name) => client.move(name, "photos/target"),
  moveTo: (client, name) => client.move("photos/source", name),
  copyFrom: (client, name) => client.copy(name, "photos/target"),
  copyTo: (client, name) => client.copy("photos/source", name),
};

/** Own name, free name, outside. A letter each: ok, n = not_found, f = forbidden, c = conflict. */
const EXPECTED: Record<string, { rights: readonly Right[]; answers: Record<string, string> }> = {
  "read-only": {
    rights: ["read"],
    answers: {
      stat: "onn",
      read: "onn",
      put: "fff",
      remove: "fff",
      moveFrom: "fff",
      moveTo: "fff",
      copyFrom: "fff",
      copyTo: "fff",
    },
  },
  "list-only": {
    rights: ["list"],
    answers: {
      stat: "onn",
      read: "fff",
      put: "fff",
      remove: "fff",
      moveFrom: "fff",
      moveTo: "fff",
      copyFrom: "fff",
      copyTo: "fff",
    },
  },
  "append-only": {
    rights: ["create"],
    answers: {
      stat: "fff",
      read: "fff",
      put: "cof",
      remove: "fff",
      moveFrom: "fff",
      moveTo: "fff",
      copyFrom: "fff",
      copyTo: "fff",
    },
  },
  "append and delete": {
    rights: ["create", "delete"],
    answers: {
      stat: "fff",
      read: "fff",
      put: "cof",
      remove: "onn",
      moveFrom: "onn",
      moveTo: "cof",
      copyFrom: "fff",
      copyTo: "fff",
    },
  },
  full: {
    rights: ["read", "list", "write", "delete"],
    answers: {
      stat: "onn",
      read: "onn",
      put: "oof",
      remove: "onn",
      moveFrom: "onn",
      moveTo: "oof",
      copyFrom: "onn",
      copyTo: "oof",
    },
  },
};

for (const [kind, { rights, answers }] of Object.entries(EXPECTED)) {
  for (const [request, expected] of Object.entries(answers)) {
    Deno.test(`${request} by a token that is ${kind}`, async () => {
      const names = [OWN, FREE, ...OUTSIDE.flat()];
      const told = new Map<string, string>();
      for (const name of names) told.set(name, await outcome(rights, { request, name }));
      assertEquals([told.get(OWN)![0], told.get(FREE)![0]].join(""), expected.slice(0, 2));
      for (const [there, absent] of OUTSIDE) {
        assertEquals(told.get(there)![0], expected[2], there);
        assertEquals(told.get(there), told.get(absent)!.replaceAll(`"${absent}"`, `"${there}"`));
      }
    });
  }
}

Deno.test("a token lists nothing outside its prefix", async () => {
  const { server, connect } = await stage();
  await using _server = server;
  const client = await connect(["list"]);
  for (const prefix of ["", "photos", "photos/", "p"]) {
    const names = await Array.fromAsync(client.list({ prefix }), ({ name }) => name);
    assertEquals(names, ["photos/a", "photos/source"], prefix);
  }
  for (const prefix of ["other/", "photosx", "x"]) {
    assertEquals(await Array.fromAsync(client.list({ prefix })), []);
  }
});

/** Prefixes of a list or a watch, and what of it a token for `photos/` is told. */
const PREFIXES = {
  "": ["photos/a", "photos/source"],
  "p": ["photos/a", "photos/source"],
  "photos": ["photos/a", "photos/source"],
  "photos/a": ["photos/a"],
  "other/": [],
  "photosx": [],
  "absent": [],
};

for (const [prefix, names] of Object.entries(PREFIXES)) {
  Deno.test(`a token is told of no change outside its prefix: watch ${JSON.stringify(prefix)}`, async () => {
    const { server, connect, owner } = await stage();
    await using _server = server;
    const client = await connect(["list"]);
    await using watch = await client.watch({ prefix, since: 0 });
    const told: string[] = [];
    await owner.put("other/later", "new");
    await owner.put("photos/later", "new"); // in order: what is told of at all is told before this
    const isLast = (name: string) => name === names.at(-1) || name === "photos/later";
    if (names.length > 0) {
      for await (const change of watch) {
        told.push(change.name);
        if (isLast(told.at(-1)!)) break;
      }
    }
    assertEquals(told, names);
  });
}

Deno.test("who may not list may not watch, nor see unfinished uploads", async () => {
  for (const rights of [["read"], ["create"], ["write"], ["delete"]] as const) {
    const { server, connect } = await stage();
    await using _server = server;
    const client = await connect(rights);
    const attempts = [
      client.watch({ since: 0 }),
      client.uploads(),
      Array.fromAsync(client.list()),
    ];
    for (const attempt of attempts) {
      assertEquals(
        (await assertRejects(() => attempt as Promise<unknown>, MorselError)).code,
        "forbidden",
      );
    }
  }
});

/** Whose figures a token is told: those of the whole server only where it may do everything with every name. */
const TOLD = [
  ...Object.values(EXPECTED).map(({ rights }) => ({ rights, prefix: "photos/", isAll: false })),
  ...["read", "list", "create", "write", "delete"].map((left) => ({
    rights: RIGHTS.filter((right) => right !== left && !(left === "write" && right === "create")),
    prefix: "",
    isAll: left === "create", // which write includes
  })),
  { rights: RIGHTS, prefix: "p", isAll: false },
  { rights: RIGHTS, prefix: "", isAll: true },
];

/** What is there at first. */
const STAGED = { version: "test", files: 5, bytes: 15, contents: 1 };

for (const { rights, prefix, isAll } of TOLD) {
  Deno.test(`stats by a token for ${JSON.stringify(prefix)} that may ${rights.join()}`, async () => {
    const { server, tokens, owner } = await stage();
    await using _server = server;
    const quota = { quotaBytes: 100, quotaFiles: 3 };
    const one = await server.connect(await makeToken(tokens, "one", rights, { prefix, ...quota }));
    const before = await one.stats();
    const own = {
      ownFiles: 0,
      ownBytes: 0,
      ownReservedFiles: 0,
      ownReservedBytes: 0,
      ownQuotaFiles: 3,
      ownQuotaBytes: 100,
      ownUploads: 0,
    };
    if (isAll) {
      const { version, files, bytes, contents } = before;
      assertEquals({ ...before, ...own }, before);
      assertEquals({ version, files, bytes, contents }, STAGED);
      return;
    }
    assertEquals(before, own);
    // What others do meanwhile, under its prefix too, changes no bit of it.
    await owner.put("photos/b", new Uint8Array(1_000_000));
    await owner.put("other/b", "more");
    await owner.remove(OWN);
    assertEquals(await one.stats(), own);
  });
}

Deno.test("everybody is told of the whole server where no token is asked for, and of no token", async () => {
  await using server = await memoryServer({ quota: { bytes: 1000 } });
  const client = await server.connect();
  await client.put("a", "content");
  await client.copy("a", "b");
  await assertRejects(() => client.put("c", new Uint8Array(2000)), MorselError);
  const { uptimeMs, receivedBytes, sentBytes, ...told } = await client.stats();
  assert(uptimeMs! >= 0 && receivedBytes! > 2000 && sentBytes! > 100);
  assertEquals(told, {
    version: "test",
    files: 2,
    bytes: 14,
    contents: 1,
    contentBytes: 7,
    reservedFiles: 0,
    reservedBytes: 0,
    quotaBytes: 1000,
    uploads: 0,
    sessions: 1,
    penalised: 0,
    transfers: 0,
    commits: 1,
    removals: 0,
    refusals: 1,
    deadlines: 0,
    turnedAway: 0,
    penalties: 0,
    damages: 0,
  });
});

Deno.test("figures tell what a token has used, and what its uploads have reserved", async () => {
  const tokens = memoryTokens(systemClock);
  await using server = await memoryServer({ tokens });
  const rights = ["create"] as const;
  const about = { prefix: "photos/", quotaBytes: 10_000_000 };
  const token = await makeToken(tokens, "camera", rights, about);
  await leaveUnfinished(server, "photos/large", token);
  const camera = await server.connect(token);
  await camera.put("photos/small", "small");
  assertEquals(await camera.stats(), {
    ownFiles: 1,
    ownBytes: 5,
    ownReservedFiles: 1,
    ownReservedBytes: LARGE.length,
    ownQuotaBytes: 10_000_000,
    ownUploads: 1,
  });
});

Deno.test("unfinished uploads outside a prefix are neither shown nor removed, as if they were not there", async () => {
  const tokens = memoryTokens(systemClock);
  await using server = await memoryServer({ tokens });
  const all = await makeToken(tokens, "all", RIGHTS);
  for (const name of ["other/large", "photos/large"]) await leaveUnfinished(server, name, all);
  const owner = await server.connect(all);
  const [outside, inside] = await owner.uploads();
  assertEquals([outside!.name, inside!.name], ["other/large", "photos/large"]);
  const rights = ["list", "write"] as const;
  const client = await server.connect(
    await makeToken(tokens, "one", rights, { prefix: "photos/" }),
  );
  assertEquals((await client.uploads()).map(({ name }) => name), ["photos/large"]);
  const absent = "0".repeat(32);
  const refusal = async (id: string) =>
    (await assertRejects(() => client.abortUpload(id), MorselError)).message.replaceAll(id, absent);
  assertEquals(await refusal(outside!.id), await refusal(absent));
  await client.abortUpload(inside!.id);
  assertEquals((await owner.uploads()).map(({ name }) => name), ["other/large"]);
});

Deno.test("an upload is gone on with by whoever began it, and by nobody else", async () => {
  const tokens = memoryTokens(systemClock);
  await using server = await memoryServer({ tokens });
  const [one, other] = await Promise.all(
    ["one", "other"].map((name) => makeToken(tokens, name, ["list", "write"])),
  );
  await leaveUnfinished(server, "large", one!);
  const resumedBy = async (token: string) => {
    const events: TransferEvent[] = [];
    const onEvent = (event: TransferEvent) => void events.push(event);
    const client = await server.connect(token);
    const left = await client.uploads();
    await client.put("large", LARGE_SOURCE, { ...ABOUT, onEvent });
    return { events, left };
  };
  assertEquals((await resumedBy(other!)).events, []);
  const { events, left } = await resumedBy(one!);
  assertEquals(events, [{ kind: "resumed", offset: left[0]!.durable, total: LARGE.length }]);
});

const LARGE = contentOf(3_000_000);
const LARGE_SOURCE: ByteSource = {
  read: (into, position) => {
    const bytes = LARGE.subarray(position, position + into.length);
    into.set(bytes);
    return Promise.resolve(bytes.length);
  },
};
const ABOUT = { size: LARGE.length, modifiedMs: 5 };

/** Begins an upload that is cut off in its middle, on a server without other connections. */
async function leaveUnfinished(server: MemoryServer, name: string, token: string): Promise<void> {
  const cut = await server.connectLasting({
    token,
    wrap: (connection) => cutConnection(connection, { afterSent: 2_000_000 }),
    retryMs: 0,
  });
  await assertRejects(() => cut.put(name, LARGE_SOURCE, ABOUT), MorselError);
  await server.ended();
}

async function stage() {
  const tokens = memoryTokens(systemClock);
  const server = await memoryServer({ tokens });
  const owner = await server.connect(await makeToken(tokens, "owner", RIGHTS));
  for (const name of [OWN, "photos/source", ...OUTSIDE.map(([there]) => there)]) {
    await owner.put(name, "old");
  }
  const connect = async (rights: readonly Right[]) =>
    await server.connect(await makeToken(tokens, "one", rights, { prefix: "photos/" }));
  return { server, tokens, connect, owner };
}

/** What a request comes to, on files as they were at first: `ok`, or the code and the text of its error. */
async function outcome(
  rights: readonly Right[],
  { request, name }: { request: string; name: string },
): Promise<string> {
  const { server, connect } = await stage();
  await using _server = server;
  try {
    await REQUESTS[request]!(await connect(rights), name);
    return "ok";
  } catch (thrown) {
    const { code, message } = thrown as MorselError;
    return `${code} ${message}`;
  }
}
