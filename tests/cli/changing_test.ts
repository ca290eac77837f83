// rm, mv and cp: the commands that change names.

import { assertEquals } from "@std/assert";
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
