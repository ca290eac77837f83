// The house rules that no linter knows: who may import whom, no cycles, runtimes named in one place only.

import { assert, assertEquals } from "@std/assert";

/** What the files of each folder may import; types of lib/runtime are allowed wherever `runtime types` is. */
const ALLOWED: Record<string, readonly string[]> = {
  "lib/std": [],
  "lib/base": ["lib/base", "@std/bytes", "node:crypto"],
  "lib/protocol": ["lib/base", "lib/protocol", "@std/*", "runtime types"],
  "lib/runtime": ["lib/base", "lib/runtime", "node:*", "@peculiar/x509", "reflect-metadata"],
  "lib/store": ["lib/base", "lib/store", "@std/bytes", "runtime types"],
  "lib/server": ["lib/base", "lib/protocol", "lib/store", "lib/server", "@std/*", "runtime types"],
  "lib/client": ["lib/base", "lib/protocol", "lib/client", "@std/*", "runtime types"],
  "lib/cli": ["lib/base", "lib/client", "lib/cli", "@std/*", "runtime types"],
  "lib/program": [
    "lib/base",
    "lib/protocol",
    "lib/runtime",
    "lib/store",
    "lib/server",
    "lib/cli",
    "lib/program",
  ],
};

/** What programs start from: the parts are put together there, for whatever runtime it is. */
const ENTRY_POINTS = ["server.ts", "client.ts", "mod.ts"];

/** The one file that knows which runtime this is, and what only it may import. */
const CHOICE = "lib/runtime/runtime.ts";
const ADAPTER = /["'][./\w]*(deno|node)_(network|process)\.ts["']/;

/** Brings in a module that every runtime has, when it is first wanted, which only `process` can do without waiting. */
const LATE_MODULE = "lib/base/node_crypto.ts";

/** What a start and a command for one small file load on Deno without TLS, beside what these import. */
const QUICK = [
  "server.ts",
  "client.ts",
  "lib/runtime/deno_connection.ts",
  "lib/runtime/deno_files.ts",
  "lib/runtime/deno_network.ts",
  "lib/runtime/deno_process.ts",
  "lib/runtime/deno_small_files.ts",
  "lib/runtime/local_files.ts",
];

/** Files longer than this hold a second idea that wants a file of its own. */
const MAX_LINES = 300;

interface Import {
  readonly from: string;
  /** A path below the project, or a package. */
  readonly to: string;
  readonly isType: boolean;
}

Deno.test("lib imports downwards only, and runtimes by their types only", async () => {
  const wrong = (await imports()).filter(({ from, to, isType }) => {
    const allowed = ALLOWED[folderOf(from)];
    assert(allowed, `${from} is in no known folder`);
    if (to.startsWith("lib/runtime/") && isType && allowed.includes("runtime types")) return false;
    return !allowed.some((rule) =>
      rule.endsWith("*")
        ? to.startsWith(rule.slice(0, -1))
        : to === rule || to.startsWith(`${rule}/`)
    ) && folderOf(from) !== "lib/std";
  });
  assertEquals(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("lib has no import cycles, types included", async () => {
  const edges = Map.groupBy(await imports(), ({ from }) => from);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert(!path.includes(file), `Import cycle: ${[...path, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const { to } of edges.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
});

Deno.test("a runtime is named in lib/runtime only, and chosen in one place there", async () => {
  const named = /\b(Deno|Bun|Buffer)\.\w|\bprocess\.(?!ts\b)|\b__dirname\b|["']node:(?!crypto)/;
  const wrong: string[] = [];
  for (const file of [...await sources(), ...ENTRY_POINTS]) {
    const code = codeOf(await Deno.readTextFile(file));
    code.split("\n").forEach((line, index) => {
      if (file === LATE_MODULE) return;
      const isForbidden = folderOf(file) === "lib/runtime"
        ? file !== CHOICE && ADAPTER.test(line)
        : named.test(line) || ADAPTER.test(line);
      if (isForbidden) wrong.push(`${file}:${index + 1} ${line.trim()}`);
    });
  }
  assertEquals(wrong, []);
});

Deno.test("programs start on Deno without the modules of Node, which take 60 ms, but for SQLite", async () => {
  const edges = Map.groupBy(await imports([...await sources(), ...QUICK]), ({ from }) => from);
  const loaded = new Set(QUICK);
  const wrong: string[] = [];
  for (const file of loaded) {
    for (const { to, isType } of edges.get(file) ?? []) {
      if (isType) continue;
      loaded.add(to);
      if (to.startsWith("node:") && to !== "node:sqlite") wrong.push(`${file} imports ${to}`);
    }
  }
  assertEquals(wrong, []);
  assert(loaded.has("lib/store/file_store.ts") && loaded.has("lib/client/download.ts"));
});

Deno.test("lib has no file of two ideas", async () => {
  const long: string[] = [];
  for (const file of await sources()) {
    const lines = (await Deno.readTextFile(file)).split("\n").length;
    if (lines > MAX_LINES) long.push(`${file} has ${lines} lines`);
  }
  assertEquals(long, []);
});

Deno.test("every file of lib says first what it is for", async () => {
  const silent: string[] = [];
  for (const file of await sources()) {
    if (!(await Deno.readTextFile(file)).startsWith("// ")) silent.push(file);
  }
  assertEquals(silent, []);
});

/** A source without its comments, line by line. */
function codeOf(source: string): string {
  const blank = (comment: string) => comment.replaceAll(/[^\n]/g, "");
  return source.replaceAll(/\/\*[^]*?\*\//g, blank).replaceAll(/(?<!:)\/\/.*/g, blank);
}

function folderOf(file: string): string {
  return file.split("/").slice(0, 2).join("/");
}

async function sources(folder = "lib"): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await sources(path));
    else if (name.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}

async function imports(files?: readonly string[]): Promise<Import[]> {
  const found: Import[] = [];
  const statement = /^(?:import|export)\s+(type\s)?([^;"']*?from\s+)?["']([^"']+)["']/gm;
  for (const from of files ?? await sources()) {
    for (const [, type, , to] of (await Deno.readTextFile(from)).matchAll(statement)) {
      const path = to!.startsWith(".") ? new URL(to!, `file:///${from}`).pathname.slice(1) : to!;
      found.push({ from, to: path, isType: type !== undefined });
    }
  }
  return found;
}
