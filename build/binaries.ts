// Builds the two programs as one file each, which need no runtime and no source beside them. The commit goes
// into the version that a copy of the source is built with, so the tree itself is never touched.

import config from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url).pathname;
const SUFFIX = Deno.build.os === "windows" ? ".exe" : "";

/** A program, and what it may do: all that its commands need. */
export interface Program {
  readonly name: string;
  readonly script: string;
  readonly permissions: readonly string[];
}

// Whom they talk to and which files they use is for their users to say.
const ALL_NEED = ["--allow-net", "--allow-read", "--allow-write"];

/** The server. */
export const SERVER: Program = {
  name: "morsel-server",
  script: "server.ts",
  // How much of the disk is free, for --reserve; what the machine is called, for certificates of the server's own.
  permissions: [...ALL_NEED, "--allow-sys=statfs,hostname,networkInterfaces"],
};

/** The command line client. */
export const CLIENT: Program = {
  name: "morsel",
  script: "client.ts",
  permissions: [
    ...ALL_NEED,
    "--allow-env=APPDATA,HOME,MORSEL_CONFIG,MORSEL_SERVER,MORSEL_TOKEN,XDG_CONFIG_HOME",
  ],
};

/**
 * V8 keeps what is young in up to 32 MiB, however little of it lives on, and comes to that in the course of a large file. With
 * an eighth of that transfers and small requests take as long, and memory grows by about half as much.
 */
export const V8_FLAGS = "--max-semi-space-size=2";

/** What cannot be built, and what would help; for people. */
export class BuildError extends Error {
  override name = "BuildError";
}

/** How to build. */
export interface BuildOptions {
  /** What makes a binary of a script. */
  readonly compiler: "deno" | "bun";
  /** The folder that the binaries go to. */
  readonly out: string;
}

/** Builds both; returns their paths, the server's first. Throws a BuildError. */
export async function buildBinaries({ compiler, out }: BuildOptions): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "morsel-build-" });
  try {
    await copySource(folder);
    const paths: string[] = [];
    for (const program of [SERVER, CLIENT]) {
      const path = `${out}/${program.name}${SUFFIX}`;
      await (compiler === "deno" ? compileWithDeno : compileWithBun)(program, { folder, path });
      paths.push(path);
    }
    return paths;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Place {
  /** The copy of the source. */
  readonly folder: string;
  /** Where the binary goes. */
  readonly path: string;
}

/** Copies what the programs are made of, with the commit in the version. */
async function copySource(folder: string): Promise<void> {
  for (const name of ["lib", "server.ts", "client.ts", "deno.lock", "package.json"]) {
    await copy(`${ROOT}${name}`, `${folder}/${name}`);
  }
  const { name, version, exports, nodeModulesDir, unstable, imports, compilerOptions } = config;
  const ownVersion = version + await commit();
  const ownConfig = {
    name,
    version: ownVersion,
    exports,
    nodeModulesDir,
    unstable,
    imports,
    compilerOptions,
  };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(ownConfig));
  await Deno.symlink(`${ROOT}node_modules`, `${folder}/node_modules`, { type: "dir" });
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

/** `+` and the commit, as versions carry what they were built from; nothing outside a clone. */
async function commit(): Promise<string> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await run("git", args, ROOT);
    return success ? stdout.trim() : undefined;
  };
  const hash = await git("rev-parse", "--short=10", "HEAD").catch(() => undefined);
  if (!hash) return "";
  const changed = await git("status", "--porcelain", "--untracked-files=no");
  return `+${hash}${changed ? ".changed" : ""}`;
}

async function compileWithDeno(program: Program, { folder, path }: Place): Promise<void> {
  const { permissions, script } = program;
  const args = [
    "compile",
    // Types are for `deno task check`; here they would take most of the time.
    "--no-check",
    "--no-prompt",
    `--v8-flags=${V8_FLAGS}`,
    ...permissions,
    "--output",
    path,
    script,
  ];
  const { success, stderr } = await run(Deno.execPath(), args, folder);
  if (success) return;
  if (!stderr.includes("Setting up base binary")) throw new BuildError(stderr.trim());
  throw new BuildError(
    `Cannot download denort ${Deno.version.deno}, which deno compile builds upon; let this machine ` +
      "reach Deno's downloads, name a denort in DENORT_BIN, or use deno task compile:bun",
  );
}

async function compileWithBun({ script }: Program, { folder, path }: Place): Promise<void> {
  const bun = Deno.env.get("MORSEL_BUN") ?? "bun";
  const args = ["build", "--compile", "--outfile", path, script];
  const { success, stderr } = await run(bun, args, folder).catch(() => {
    throw new BuildError(`There is no ${bun}; install Bun, or name it in MORSEL_BUN`);
  });
  if (success) return;
  const isInstalled = await Deno.stat(`${ROOT}node_modules/@std`).then(() => true, () => false);
  throw new BuildError(isInstalled ? stderr.trim() : "Run npm install first");
}

async function run(program: string, args: string[], cwd: string) {
  const env = { NO_COLOR: "1" };
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, env }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: text(stdout), stderr: text(stderr) };
}
