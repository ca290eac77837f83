// `morsel-server token …` with a real store of tokens in a temporary folder.

import { assertEquals, assertMatch } from "@std/assert";
import { serverProgram } from "../../lib/cli/server_program.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { TokenStore } from "../../lib/store/token_store.ts";
import { FakeHost } from "../support/fake_host.ts";

const PARTS = {
  files: nodeFiles,
  openSql: openNodeSql,
  clock: systemClock,
  newId: () => crypto.randomUUID(),
};

/** Runs `token …` in a folder; returns its exit code and what it wrote. */
async function token(folder: string, ...args: string[]) {
  await using host = await FakeHost.open();
  host.args = ["token", ...args];
  const code = await serverProgram({
    host,
    version: "1.2.3",
    serve: () => Promise.reject(new Error("It is not to serve")),
    openTokens: (_, how) => TokenStore.open(folder, PARTS, how),
  });
  return { code, out: host.stdout.text, err: host.stderr.text };
}

async function newFolder() {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("token create prints the token alone, ls what it may, and the secret stands nowhere", async () => {
  await using folder = await newFolder();
  const limits = ["--quota", "10G", "--files", "1000", "--rate", "1M"];
  const created = await token(
    folder.path,
    ...["create", "camera", "--allow", "write,read", "--prefix", "photos/", ...limits],
  );
  const may = 'read,write on names that begin with "photos/", up to 10.0 GiB, up to 1,000 files, ' +
    "at 1.0 MiB/s";
  assertEquals(created.code, 0);
  assertMatch(created.out, /^morsel_camera_[0-9a-f]{64}\n$/);
  assertEquals(
    created.err,
    `morsel: Created the token camera (${may}). Keep what follows: it is not shown again\n`,
  );
  const listed = await token(folder.path, "ls");
  assertEquals([listed.code, listed.err], [0, ""]);
  const secret = created.out.trim().split("_").at(-1)!;
  assertEquals(listed.out.includes(secret), false);
  assertEquals(listed.out, `camera  ${may.replace("read,write", "read,create,write")}  good\n`);
  for await (const { name } of Deno.readDir(folder.path)) {
    const bytes = await Deno.readFile(`${folder.path}/${name}`);
    assertEquals(new TextDecoder("latin1").decode(bytes).includes(secret), false, name);
  }
});

Deno.test("token revoke ends a token for good, and its name is not given again", async () => {
  await using folder = await newFolder();
  await token(folder.path, "create", "camera");
  assertEquals((await token(folder.path, "revoke", "camera")).code, 0);
  assertMatch(
    (await token(folder.path, "ls")).out,
    /^camera {2}read,list on all names {2}revoked /,
  );
  const again = await token(folder.path, "create", "camera");
  assertEquals([again.code === 0, again.out], [false, ""]);
  assertMatch(again.err, /^morsel: .*camera.*\n$/);
});

const MISTAKES = [
  { args: ["create"], says: "token create takes one NAME" },
  { args: ["creat", "a"], says: "did you mean create?" },
  { args: ["create", "a", "--allow", "raed"], says: "did you mean read?" },
  { args: ["create", "a", "--expires", "soon"], says: "--expires" },
  { args: ["create", "a", "--quota", "much"], says: "--quota" },
  { args: ["create", "a", "--rate", "1K"], says: '--rate "1K" is below 16K, the least there is' },
  { args: ["revoke"], says: "token revoke takes one NAME" },
] as const;

for (const { args, says } of MISTAKES) {
  Deno.test(`token ${args.join(" ")} is one line that says what is wrong`, async () => {
    await using folder = await newFolder();
    const { code, out, err } = await token(folder.path, ...args);
    assertEquals([code, out, err.trimEnd().includes("\n")], [2, "", false]);
    assertEquals(err.includes(says), true, err);
  });
}

Deno.test("token ls and token revoke make no folder, and say that there is none", async () => {
  await using folder = await newFolder();
  const mistyped = `${folder.path}/mistyped/data`;
  for (const words of [["ls"], ["revoke", "camera"]]) {
    const { code, out, err } = await token(mistyped, ...words);
    assertEquals([code, out], [4, ""]);
    assertEquals(err, `morsel: There is no data folder ${mistyped}; name it with --data\n`);
  }
  assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), []);
  await Deno.writeTextFile(`${folder.path}/catalog.db`, "");
  assertEquals(await token(folder.path, "ls"), {
    code: 0,
    out: "",
    err: "morsel: There are no tokens: whoever connects may do all\n",
  });
});
