// The binaries: what can be seen of Deno's without the base binary it builds upon, and Bun's at work.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { buildBinaries, CLIENT, type Program, SERVER, V8_FLAGS } from "../../build/binaries.ts";
import config from "../../deno.json" with { type: "json" };
import { tellStory } from "../runtime/programs_story.ts";
import { findRuntimes } from "../support/runtimes.ts";
import { ServerProcess } from "../support/server_process.ts";
import { workersOf } from "../support/worker_processes.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Any program will do for `deno compile` to put files behind. */
const ANY_PROGRAM = "/bin/true";

const bun = (await findRuntimes()).find(({ name }) => name === "Bun")!;

Deno.test({
  name: "deno compile takes both programs, with their commit, permissions, V8 flags and SQLite",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await temporaryFolder();
    const { code, err } = await build(["--out", folder.path], { DENORT_BIN: ANY_PROGRAM });
    assertEquals([code, err], [0, ""]);
    for (const { name, permissions } of [SERVER, CLIENT]) {
      const binary = new TextDecoder("latin1").decode(
        await Deno.readFile(`${folder.path}/${name}`),
      );
      assertStringIncludes(binary, `"app_version":"${config.version}+`);
      assertStringIncludes(binary, `"${V8_FLAGS}"`);
      for (const kind of ["net", "read", "write", "env", "run", "sys", "ffi"]) {
        const flag = permissions.find((flag) => flag.startsWith(`--allow-${kind}`));
        const names = flag?.split("=")[1]?.split(",") ?? [];
        const granted = flag ? JSON.stringify(names) : "null";
        assertStringIncludes(binary, `"allow_${kind}":${granted}`);
      }
      const files = [
        "deno_network.ts",
        "deno_process.ts",
        ...name === SERVER.name ? ["node_sql.ts"] : [],
      ];
      for (const file of files) assertStringIncludes(binary, file);
    }
  },
});

Deno.test("deno compile without its base binary says in one line what to do", async () => {
  await using folder = await temporaryFolder();
  const { code, err } = await build(["--out", folder.path], {
    DENO_DIR: await emptyCache(`${folder.path}/cache`),
    HTTPS_PROXY: "http://127.0.0.1:1",
  });
  assertEquals(code, 1);
  assertMatch(err, /^Cannot download denort [^\n]+ DENORT_BIN[^\n]+\n$/);
});

for (const program of [SERVER, CLIENT]) {
  for (const dropped of ["--allow-net", "--allow-read", "--allow-write"]) {
    Deno.test(`${program.name} needs ${dropped}`, async () => {
      await using folder = await temporaryFolder();
      const granted = program.permissions.filter((permission) => permission !== dropped);
      assert(await failsWith(program, granted, folder.path));
    });
  }
}

Deno.test("the client may read the variables that it reads, and no others", async () => {
  const read = new Set<string>();
  for await (const { name } of Deno.readDir(`${ROOT}lib/cli`)) {
    const source = await Deno.readTextFile(`${ROOT}lib/cli/${name}`);
    for (const [, variable] of source.matchAll(/\benv\("(\w+)"\)/g)) read.add(variable!);
  }
  const flag = CLIENT.permissions.find((permission) => permission.startsWith("--allow-env="))!;
  assertEquals(flag.slice("--allow-env=".length).split(",").sort(), [...read].sort());
});

Deno.test({
  name: "missing" in bun
    ? `Binaries of Bun are skipped: ${bun.missing}`
    : `binaries of Bun ${bun.version} do all in a folder of their own, with no source beside them`,
  ignore: "missing" in bun,
  fn: async (test) => {
    await using folder = await temporaryFolder();
    const [server, client] = await buildBinaries({ compiler: "bun", out: folder.path });
    for (const [path, { name }] of [[server!, SERVER], [client!, CLIENT]] as const) {
      const { stdout } = await new Deno.Command(path, { args: ["--version"] }).output();
      const version = new TextDecoder().decode(stdout);
      assert(version.startsWith(`${name} ${config.version}`), version);
      assertMatch(version, /\+[0-9a-f]{10}(\.changed)?\n$/);
    }
    await tellStory({ server: [server!], client: [client!] }, {
      size: 12 * 1024 * 1024,
      step: (name, part) => test.step(name, part),
    });
    await test.step("the server starts itself again as its worker", async () => {
      const dataFolder = `${folder.path}/shared`;
      const args = ["--workers", "2"];
      await using process = await ServerProcess.start({ dataFolder, command: [server!], args });
      assertEquals(workersOf(process).length, 1);
    });
  },
});

/** Whether the program, with these permissions only, fails at what it is for. */
async function failsWith(program: Program, granted: string[], folder: string): Promise<boolean> {
  const command = [Deno.execPath(), "run", "--no-prompt", ...granted, `${ROOT}${program.script}`];
  const dataFolder = `${folder}/data`;
  if (program === SERVER) {
    await using server = new ServerProcess({ dataFolder, command });
    return await server.listening === undefined;
  }
  await using server = await ServerProcess.start({ dataFolder });
  await Deno.writeTextFile(`${folder}/file`, "content");
  for (const args of [["put", "file"], ["get", "file", "-o", "back"]]) {
    const { code } = await new Deno.Command(command[0]!, {
      args: [...command.slice(1), ...args],
      cwd: folder,
      env: { MORSEL_SERVER: server.address },
    }).output();
    if (code !== 0) return true;
  }
  return false;
}

async function build(args: string[], env: Record<string, string>) {
  const { DENORT_BIN: _, ...usual } = Deno.env.toObject();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${ROOT}build/main.ts`, ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...usual, NO_COLOR: "1", ...env },
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

/** A cache of Deno with the packages of the usual one, and without anything else. */
async function emptyCache(path: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  await Deno.mkdir(path);
  await Deno.symlink(npmCache, `${path}/npm`, { type: "dir" });
  return path;
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "morsel-binaries-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
