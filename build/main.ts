// `deno task compile` and `deno task compile:bun`: builds the binaries in the root, or in --out DIR.

import { parseArgs } from "@std/cli";
import { buildBinaries, BuildError } from "./binaries.ts";

const given = parseArgs(Deno.args, { string: ["out"], boolean: ["bun"] });
try {
  const compiler = given.bun ? "bun" : "deno";
  for (const path of await buildBinaries({ compiler, out: given.out ?? Deno.cwd() })) {
    const { size } = await Deno.stat(path);
    await print(Deno.stdout, `${path}  ${Math.round(size / 1e6)} MB`);
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  await print(Deno.stderr, error.message);
  Deno.exit(1);
}

async function print(to: typeof Deno.stdout, line: string): Promise<void> {
  await to.write(new TextEncoder().encode(`${line}\n`));
}
