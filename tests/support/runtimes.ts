// The runtimes that tests can start programs on: this Deno, and Bun and Node where they are found.

import type { Program } from "../../build/binaries.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A runtime that is there. */
export interface Runtime {
  readonly name: "Deno" | "Bun" | "Node";
  readonly version: string;
  /** The file to start. */
  readonly path: string;
}

/** A runtime that is not there, or cannot be used. */
export interface Missing {
  readonly name: Runtime["name"];
  /** Why, and what would help. */
  readonly missing: string;
}

/** What there is. Bun and Node are looked for in MORSEL_BUN and MORSEL_NODE, then on the PATH. */
export async function findRuntimes(): Promise<(Runtime | Missing)[]> {
  return [
    { name: "Deno", version: Deno.version.deno, path: Deno.execPath() },
    await find({ name: "Bun", program: "bun", least: [1, 3] }),
    await find({ name: "Node", program: "node", least: [24, 2] }),
  ];
}

/** The runtimes among them that are there. */
export function usable(found: readonly (Runtime | Missing)[]): Runtime[] {
  return found.filter((runtime) => !("missing" in runtime)) as Runtime[];
}

/** Declares an ignored test for each one that is not there, which says why. */
export function tellMissing(found: readonly (Runtime | Missing)[], what: string): void {
  for (const runtime of found) {
    if (!("missing" in runtime)) continue;
    const name = `${what} on ${runtime.name} is skipped: ${runtime.missing}`;
    Deno.test({ name, ignore: true, fn: () => {} });
  }
}

/** A program of the project as a command line for a runtime; Deno gives it what it needs, and no more. */
export function programOn({ name, path }: Runtime, { script, permissions }: Program): string[] {
  const flags = name === "Deno" ? ["run", "--no-prompt", ...permissions] : [];
  return [path, ...flags, `${ROOT}${script}`];
}

/** Starts a script of the project on a runtime. Its standard error is this process's own unless piped. */
export function startOn(
  { name, path }: Runtime,
  script: string,
  options: Deno.CommandOptions = {},
): Deno.ChildProcess {
  const flags = name === "Deno" ? ["run", "-A"] : [];
  const args = [...flags, `${ROOT}${script}`, ...options.args ?? []];
  return new Deno.Command(path, { stdin: "null", ...options, args }).spawn();
}

async function find(
  wanted: { name: Runtime["name"]; program: string; least: [number, number] },
): Promise<Runtime | Missing> {
  const { name, program, least } = wanted;
  const variable = `MORSEL_${program.toUpperCase()}`;
  const path = Deno.env.get(variable) ?? program;
  const help = `deno task test:all brings it, or name one in ${variable}`;
  const version = await versionOf(path);
  if (version === undefined) return { name, missing: `there is no ${path}; ${help}` };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < least[0] || (major === least[0] && minor < least[1])) {
    return { name, missing: `${version} is under ${least.join(".")}; ${help}` };
  }
  if (!await exists(`${ROOT}node_modules/@std/bytes`)) {
    return { name, missing: "npm install has not been run" };
  }
  return { name, version, path };
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
    return success ? new TextDecoder().decode(stdout).trim().replace(/^v/, "") : undefined;
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
