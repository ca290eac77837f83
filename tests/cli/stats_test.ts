// The command `stats`.

import { assertEquals } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { CliRun } from "../support/cli_run.ts";

Deno.test("stats is a table of what the server tells, each number with its unit", async () => {
  await using run = await CliRun.open();
  run.remote.figures = {
    version: "0.1.0",
    uptimeMs: 7_800_000,
    files: 20_000,
    bytes: 845_000_000,
    contents: 19_000,
    contentBytes: 800_000_000,
    quotaBytes: 10 * 1024 ** 3,
    freeBytes: 50 * 1024 ** 3,
    sessions: 3,
    transfers: 0,
    receivedBytes: 1_500_000_000,
    commits: 20_100,
  };
  assertEquals(await run.run("stats"), 0);
  assertEquals(
    run.out,
    `\
server 0.1.0, up 2h 10m
store
  files                            20,000    806 MiB
  contents, equal ones once        19,000    763 MiB
  quota                                     10.0 GiB
  disk, free                                50.0 GiB
now
  connections                           3
  transfers                             0
since the start
  received                                   1.4 GiB
  files stored                     20,100
`,
  );
});

Deno.test("stats of a limited token tells what is its own and no more", async () => {
  await using run = await CliRun.open();
  run.remote.figures = { ownFiles: 2, ownBytes: 2048, ownQuotaFiles: 10, ownUploads: 0 };
  assertEquals(await run.run("stats"), 0);
  assertEquals(
    run.out,
    `\
this token
  files                                 2    2.0 KiB
  quota                                10
  unfinished uploads                    0
`,
  );
});

Deno.test("a version that would steer the terminal is escaped", async () => {
  await using run = await CliRun.open();
  run.remote.figures = { version: "1\u001b[2J" };
  assertEquals(await run.run("stats"), 0);
  assertEquals(run.out, "server 1\\u001b[2J\n");
});

Deno.test("stats says what it is when the server is too old for it", async () => {
  await using run = await CliRun.open();
  const older = new MorselError("unsupported", "There is no message with number 35");
  run.remote.faults.set("stats ", older);
  assertEquals(await run.run("stats"), 1);
  assertEquals(
    run.err,
    "morsel: There is no message with number 35; " +
      "the server is older than this client: it has no statistics to ask for\n",
  );
});
