// Memory that would grow with the size of a file; `deno task bench:growth` shows how much there is in all.

import { assert } from "@std/assert";

Deno.test("nothing more lives in the heap at the end of a large transfer than early on", async () => {
  const printed = await outputOf("transfers_main.ts", ["--v8-flags=--expose-gc"]);
  const living: Record<string, number[]> = JSON.parse(printed);
  for (const [transfer, [early, late]] of Object.entries(living)) {
    // For each of 6,000 blocks in between it would be 80 bytes. Code that is made on the way is a third of that.
    assert(late! - early! < 512 * 1024, `${transfer}: ${late! - early!} bytes more`);
  }
});

Deno.test("hashes leave no memory behind that a small heap gives no reason to collect", async () => {
  const more = Number(await outputOf("hashes_main.ts", []));
  // It is 15 MB; left alone they are 54 to 67.
  assert(more < 32 * 1024 * 1024, `${more} bytes more`);
});

/** What a script beside this one prints, run as a program of its own. */
async function outputOf(script: string, flags: string[]): Promise<string> {
  const path = new URL(script, import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...flags, path],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
