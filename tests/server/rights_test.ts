// Every request by every kind of principal, on its own name, another's, an absent one and one at the prefix's
// edge (PROTOCOL.md 4.16), with the answer that is expected. What is outside answers alike, there or not.

import { assertEquals } from "@std/assert";
import type { MorselError } from "../../lib/base/errors.ts";
import type { Right } from "../../lib/base/principal.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { memoryServer } from "../support/memory_server.ts";
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

async function stage() {
  const tokens = memoryTokens(systemClock);
  const server = await memoryServer({ tokens });
  const owner = await server.connect();
  for (const name of [OWN, "photos/source", ...OUTSIDE.map(([there]) => there)]) {
    await owner.put(name, "old");
  }
  const connect = async (rights: readonly Right[]) =>
    await server.connect(await makeToken(tokens, "one", rights, { prefix: "photos/" }));
  return { server, connect };
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
