// What is seen of the files of a folder on their way: as of several files that are named one by one.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { CliRun } from "../support/cli_run.ts";

const COMMANDS = ["put -r up", "sync up up", "get -r down", "sync --down down down"];

/** A run with two files on each side, whose transfers take `ms`. */
async function openRun(ms: number): Promise<CliRun> {
  const run = await CliRun.open();
  for (const name of ["a", "b"]) {
    await run.host.write(`up/${name}`, "content");
    run.remote.add(`down/${name}`, "content");
  }
  let last: Promise<void> = Promise.resolve();
  run.remote.midway = () => last = last.then(() => run.clock.advance(ms));
  return run;
}

for (const command of COMMANDS) {
  Deno.test(`${command} shows a line a file, one for all, and what limited them`, async () => {
    await using run = await openRun(6000);
    run.host.stderr.isTerminal = true;
    assertEquals(await run.run(...command.split(" ")), 0);
    for (const line of [/(up|down)\/a /, /(up|down)\/b /, /\b[01] of 2 files /]) {
      assertMatch(run.err, line);
    }
    assertMatch(run.err, /morsel: 14 B in 1[0-9]s, .*; limited by the link \(/);
  });

  Deno.test(`${command} --json tells how far each file has come`, async () => {
    await using run = await openRun(1000);
    assertEquals(await run.run(...command.split(" "), "--json"), 0);
    const events = run.err.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert(events.length > 0);
    for (const { event, name } of events) {
      assertEquals(event, "progress");
      assertMatch(name, /^(up|down)\/[ab]$/);
    }
  });
}
