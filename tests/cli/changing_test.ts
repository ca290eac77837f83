// rm, mv and cp: the commands that change names.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { CliRun } from "../support/cli_run.ts";

Deno.test("rm removes files and says which", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x");
  run.remote.add("b", "");
  assertEquals(await run.run("rm", "a", "b"), 0);
  assertEquals(run.out, 'removed "a" (version 1, 1 B)\nremoved "b" (version 2, 0 B)\n');
  assertEquals(run.remote.stored.size, 0);
});

Deno.test("rm goes on past a name that is not there", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x");
  assertEquals(await run.run("rm", "nope", "a", "-q"), 9);
  assertEquals([run.out, run.remote.stored.size], ["", 0]);
  assertEquals(run.err, 'morsel: There is no file "nope"; morsel ls shows the names\n');
  assertEquals(await run.run("rm", "nope"), 4);
  assertEquals(await run.run("rm", "nope", "neither"), 4);
});

Deno.test("mv and cp give names, and with a slash at the end keep the last part", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x");
  assertEquals(await run.run("cp", "a", "b"), 0);
  assertEquals(await run.run("mv", "a", "c"), 0);
  assertEquals(await run.run("cp", "c", "d/"), 0);
  assertEquals(await run.run("mv", "d/c", "e/"), 0);
  assertEquals([...run.remote.stored.keys()].sort(), ["b", "c", "e/c"]);
  assertEquals(
    run.out,
    'copied "a" to "b" (version 2)\nmoved "a" to "c" (version 3)\n' +
      'copied "c" to "d/c" (version 4)\nmoved "d/c" to "e/c" (version 5)\n',
  );
  assertEquals(await run.run("mv", "nope", "x"), 4);
});

Deno.test("rm, mv and cp print the file with --json", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x");
  await run.run("cp", "a", "b", "--json");
  await run.run("mv", "a", "c", "--json");
  await run.run("rm", "b", "--json");
  const names = run.out.trimEnd().split("\n").map((line) => JSON.parse(line).name);
  assertEquals(names, ["b", "c", "b"]);
});

async function withNames(...names: string[]): Promise<CliRun> {
  const run = await CliRun.open();
  for (const name of names) run.remote.add(name, "12345");
  return run;
}

Deno.test("rm -r removes all that is in folders, and nothing beside them", async () => {
  await using run = await withNames("p/a", "p/b/c", "p", "p!", "p0", "q/a", "r/a");
  assertEquals(await run.run("rm", "-r", "p", "q/", "-n"), 0);
  assertEquals(run.remote.stored.size, 7);
  assertEquals(run.out.replace(/, \S+s\n$/, "\n").split("\n"), [
    "would remove p/a  5 B",
    "would remove p/b/c  5 B",
    "would remove q/a  5 B",
    "would remove 3 files, 15 B, skipped 0, failed 0",
    "",
  ]);
  const before = run.out.length;
  assertEquals(await run.run("rm", "-r", "p", "q/"), 0);
  assertEquals([...run.remote.stored.keys()].sort(), ["p", "p!", "p0", "r/a"]);
  assertMatch(run.out.slice(before), /^removed 3 files, 15 B, skipped 0, failed 0, /);
});

Deno.test("rm -r takes globs, leaves what was replaced meanwhile, and never removes all there is", async () => {
  await using run = await withNames("p/a.tmp", "p/b", "p/c.tmp", "p/d.tmp");
  run.remote.faults.set("remove p/c.tmp", new MorselError("conflict", "It has version 9"));
  run.remote.faults.set("remove p/d.tmp", new MorselError("not_found", "There is no file"));
  assertEquals(await run.run("rm", "-r", "p", "--include", "*.tmp"), 0);
  assertEquals([...run.remote.stored.keys()].sort(), ["p/b", "p/c.tmp", "p/d.tmp"]);
  assertStringIncludes(run.err, 'Skipped "p/c.tmp" as it was replaced meanwhile');
  for (const operand of ["", "/"]) {
    assertEquals(await run.run("rm", "-r", operand), 2);
    assertStringIncludes(run.err, "does not remove all there is");
  }
  assertEquals(await run.run("rm", "-r", "none"), 4);
  assertStringIncludes(run.err, 'There are no files in "none/"');
  assertEquals(await run.run("rm", "-r", "p", "none", "--include", "b"), 9);
  assertEquals([...run.remote.stored.keys()].sort(), ["p/c.tmp", "p/d.tmp"]);
});

Deno.test("rm and get of a folder say what is missing", async () => {
  await using run = await withNames("p/a");
  for (const [args, to] of [[["rm", "p"], "remove"], [["get", "p"], "fetch"]] as const) {
    assertEquals(await run.run(...args), 2);
    assertStringIncludes(run.err, `"p" is a folder; add --recursive to ${to} what is in it`);
  }
  assertEquals(await run.run("rm", "none"), 4);
  assertEquals(await run.run("rm", "p", "--dry-run"), 2);
  assertEquals(run.remote.stored.size, 1);
});
