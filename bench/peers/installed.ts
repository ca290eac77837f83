// Which programs are there, and which versions of them.

import { type Command, outputOf } from "../measure/command.ts";
import type { Program } from "./peer.ts";

/** Those of these programs that are not on the path; servers are found in the folders for them, too. */
export async function missingOf(programs: readonly Program[]): Promise<Program[]> {
  const found = await Promise.all(programs.map(({ name }) => isInstalled(name)));
  return programs.filter((_, index) => !found[index]);
}

/** How to install programs on Debian. */
export function howToInstall(programs: readonly Program[]): string {
  const packages = new Set(programs.map((program) => program.package));
  return `apt-get install ${[...packages].join(" ")}`;
}

/** The part of a program's output that says its version; "unknown version" when it does not say. */
export async function versionLine(command: Command, pattern: RegExp): Promise<string> {
  try {
    const text = await outputOf(command, { signal: AbortSignal.timeout(10_000) });
    return (pattern.exec(text)?.[0] ?? "unknown version").replaceAll(/\s+/g, " ");
  } catch {
    return "unknown version";
  }
}

/** The version of a program that does not tell it itself, from its Debian package. */
export function packageVersion(name: string): Promise<string> {
  return versionLine(["dpkg-query", "-W", "-f", `${name} \${Version}`, name], /.+/);
}

/** Where servers lie, which are not on the path of everybody. */
export const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

async function isInstalled(program: string): Promise<boolean> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const status = await Deno.stat(`${folder}/${program}`).catch(() => undefined);
    if (status?.isFile) return true;
  }
  return false;
}
