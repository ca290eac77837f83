// Folders between real processes: there and back, interrupted, and from a server whose names mean harm.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../mod.ts";
import { isPartialName } from "../../lib/cli/local_names.ts";
import { contentOf } from "../support/content.ts";
import { FakeHost } from "../support/fake_host.ts";
import { ServerProcess } from "../support/server_process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A server in a temporary folder that clients are started in, too. */
class Stage implements AsyncDisposable {
  readonly host: FakeHost;
  readonly address: string;
  readonly #server: ServerProcess;

  private constructor(host: FakeHost, server: ServerProcess & { address: string }) {
    this.host = host;
    this.address = server.address;
    this.#server = server;
  }

  static async open(): Promise<Stage> {
    const host = await FakeHost.open();
    const dataFolder = await Deno.makeTempDir();
    return new Stage(host, await ServerProcess.start({ dataFolder }));
  }

  start(...args: string[]): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${ROOT}client.ts`, "--server", this.address, ...args],
      cwd: this.host.folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
  }

  async run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const { code, stdout, stderr } = await this.start(...args).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err! };
  }

  /** The files below a folder with their content and time, but for what a run that was killed was writing. */
  async files(folder: string): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const path of await this.host.paths(`${folder}/`)) {
      if (path.endsWith("/") || isPartialName(path.slice(path.lastIndexOf("/") + 1))) continue;
      const { modifiedMs } = (await this.host.files.stat(path))!;
      const bytes = await Deno.readFile(`${this.host.folder}/${path}`);
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      found.set(path.slice(folder.length), `${bytes.length} ${hash.toHex()} ${modifiedMs}`);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }
}

// Of all sizes, and with all that Linux allows in a name and a server can keep.
const ODD = [
  "a b",
  "ü",
  "e\u0301",
  "日本語",
  "😀",
  "-rf",
  "b\\s",
  "C:",
  "CON",
  "end.",
  "end ",
  "*",
  "~",
  "'\"",
];

async function fill(host: FakeHost, folder: string): Promise<number> {
  const sizes = [0, 1, 1024, 65_536, 65_537, 262_144, 262_145, 3_000_000];
  const deep = Array.from({ length: 40 }, (_, depth) => `d${depth}`).join("/");
  const paths = [
    ...ODD.flatMap((name) => [`${name}/${name}`, `${name}.x`, `odd/${name}/${name}.y`]),
    ...sizes.map((size) => `sizes/${size}`),
    ...Array.from({ length: 300 }, (_, index) => `many/${index % 7}/${index}`),
    `${deep}/file`,
  ];
  for (const [index, path] of paths.entries()) {
    const size = path.startsWith("sizes/") ? Number(path.slice(6)) : index * 7;
    await host.write(`${folder}/${path}`, contentOf(size, index));
    await host.files.setModified(`${folder}/${path}`, 1_700_000_000_000 + index * 1001);
  }
  return paths.length;
}

Deno.test("a folder goes to a real server and comes back as it was, times and odd names and all", async () => {
  await using stage = await Stage.open();
  const count = await fill(stage.host, "there");
  const put = await stage.run("put", "-r", "there");
  assertEquals([put.code, put.err], [0, ""]);
  assertMatch(put.out, new RegExp(`^stored ${count} files, .*, skipped 0, failed 0, `));
  const get = await stage.run("get", "-r", "there", "-o", "back");
  assertEquals([get.code, get.err], [0, ""]);
  assertEquals(await stage.files("back"), await stage.files("there"));

  for (const args of [["put", "-r", "there"], ["get", "-r", "there"], ["sync", "there", "there"]]) {
    const { code, out } = await stage.run(...args, "--checksum");
    assertMatch(out, new RegExp(`ed 0 files, 0 B, skipped ${count}, failed 0`));
    assertEquals(code, 0);
  }
});

Deno.test("folders that were cut off by kill -9 go on when the command is run again", async () => {
  await using stage = await Stage.open();
  for (let index = 0; index < 1500; index++) {
    await stage.host.write(`there/${index % 20}/${index}`, contentOf(1000 + index, index));
  }
  for (let index = 0; index < 20; index++) {
    await stage.host.write(`there/large/${index}`, contentOf(2_000_000 + index, index));
  }
  await using client = await connect(stage.address);
  const stored = async () => (await Array.fromAsync(client.list())).length;
  const fetched = async () =>
    (await stage.host.paths("back/").catch(() => [])).filter((path) => /\d$/.test(path)).length;
  const isCutOff = async (args: string[], count: () => Promise<number>) => {
    const child = stage.start(...args);
    while (await count() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill("SIGKILL");
    await child.output();
    return await count();
  };
  const put = ["put", "-r", "there"];
  const there = await isCutOff(put, stored);
  assert(there > 0 && there < 1520, String(there));
  const putAgain = await stage.run(...put);
  assertEquals(putAgain.code, 0, putAgain.err);
  const told = /^stored ([\d,]+) files?, .*, skipped ([\d,]+), failed 0/.exec(putAgain.out);
  const [storedNow, skipped] = told!.slice(1).map((count) => Number(count!.replaceAll(",", "")));
  // What was on its way when the client was killed may have been committed after the count.
  assert(skipped! >= there, putAgain.out);
  assertEquals(storedNow! + skipped!, 1520, putAgain.out);

  const get = ["get", "-r", "there", "-o", "back"];
  const back = await isCutOff(get, fetched);
  assert(back > 0 && back < 1520, String(back));
  const getAgain = await stage.run(...get);
  assertEquals(getAgain.code, 0, getAgain.err);
  assertEquals(await stage.files("back"), await stage.files("there"));
});

Deno.test("a real server that holds names which lead elsewhere gives them to nobody's disk", async () => {
  await using stage = await Stage.open();
  const hostile = [
    "../up",
    "../../up",
    "x/../../../up",
    "..",
    ".",
    "/etc/up",
    "//up",
    "x//up",
    "./up",
  ];
  const fine = ["fine", "x/fine", "C:\\up", "..\\up", "NUL", "a", "A"];
  await using client = await connect(stage.address);
  for (const name of [...hostile, ...fine, "a/inside"]) await client.put(`d/${name}`, name);
  await stage.host.write("elsewhere/precious", "precious");
  await stage.host.files.makeFolder("in/d");
  await Deno.symlink("../../elsewhere", `${stage.host.folder}/in/d/x`);
  const { code, out, err } = await stage.run("get", "-r", "d", "-o", "in/");
  assertEquals(code, 9);
  const kept = fine.filter((name) => name !== "x/fine");
  assertEquals(
    await stage.host.paths(),
    [
      "elsewhere/",
      "elsewhere/precious",
      "in/",
      "in/d/",
      "in/d/x",
      ...kept.map((name) => `in/d/${name}`),
    ].sort(),
  );
  assertEquals(err.trimEnd().split("\n").length, hostile.length + 2, err);
  assertMatch(out, new RegExp(`^fetched ${kept.length} files, .* failed ${hostile.length + 2}`));
});
