// watch: what it prints, and how it ends.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import type { Change } from "../../lib/client/types.ts";
import { CliRun, systemError } from "../support/cli_run.ts";

/** A run whose server has changes up to 41, and does one of `steps` each time a watch has told of all. */
async function openRun(...steps: ((run: CliRun) => void)[]): Promise<CliRun> {
  const run = await CliRun.open();
  run.remote.changes = [removal(run, "old", 41)];
  run.remote.midway = () => Promise.resolve(steps.shift()!(run));
  return run;
}

function put(run: CliRun, name: string, sequence: number): Change {
  const file = run.remote.add(name, "x".repeat(1536), { version: sequence });
  return { kind: "put", sequence, name, file };
}

function removal(run: CliRun, name: string, sequence: number): Change {
  const { committedMs } = run.remote.add(name, "");
  run.remote.stored.delete(name);
  return { kind: "remove", sequence, name, removedMs: committedMs + 1000 };
}

const changeTwo = (run: CliRun) => {
  run.remote.changes.push(put(run, "photos/a.jpg", 42), removal(run, "photos/b\x1b.jpg", 1043));
};
const interrupt = (run: CliRun) => run.host.signal("SIGINT");

Deno.test("watch prints a line a change from now on, and ends with 0 on Ctrl-C", async () => {
  await using run = await openRun(changeTwo, interrupt);
  assertEquals(await run.run("watch"), 0);
  assertEquals(
    run.out,
    "2026-01-02 03:04:05Z      42  put      1.5 KiB  photos/a.jpg\n" +
      "2026-01-02 03:04:06Z    1043  remove            photos/b\\u001b.jpg\n",
  );
  assertEquals(
    run.err,
    "morsel: Watching for changes after 41; Ctrl-C ends it\n" +
      "morsel: Stopped; go on with --since 1043\n",
  );
  assertEquals([run.remote.lastWatch.since, run.remote.lastWatch.retryMs], [undefined, Infinity]);
  assertEquals([run.remote.isClosed, run.host.listens], [true, false]);
});

Deno.test("watch --since begins behind a change, and a prefix leaves others out", async () => {
  await using run = await openRun(interrupt);
  changeTwo(run);
  assertEquals(await run.run("watch", "photos/", "--since", "41"), 0);
  assertEquals(run.out.split("\n").length, 3);
  assertEquals([run.remote.lastWatch.since, run.remote.lastWatch.prefix], [41, "photos/"]);
  await using whole = await openRun(interrupt);
  assertEquals(await whole.run("watch", "--since", "0", "--quiet"), 0);
  assertStringIncludes(whole.out, "      41  remove            old\n");
  assertEquals(whole.err, "");
});

Deno.test("watch --json prints an object a change, and where it began and ended", async () => {
  await using run = await openRun(changeTwo, interrupt);
  assertEquals(await run.run("watch", "--json"), 0);
  const { digest, committedMs } = run.remote.stored.get("photos/a.jpg")!.info;
  assertEquals(run.out.trimEnd().split("\n").map((line) => JSON.parse(line)), [
    { kind: "watching", sequence: 41 },
    {
      kind: "put",
      sequence: 42,
      name: "photos/a.jpg",
      version: 42,
      size: 1536,
      digest,
      committedMs,
      modifiedMs: 0,
      metadata: {},
    },
    { kind: "remove", sequence: 1043, name: "photos/b\x1b.jpg", removedMs: committedMs + 1000 },
    { kind: "stopped", sequence: 1043 },
  ]);
  assertEquals(run.err, "");
});

Deno.test("watch ends quietly when nobody reads any more", async () => {
  await using run = await openRun(
    changeTwo,
    (run) => {
      run.host.stdout.isUnread = true;
      run.remote.changes.push(put(run, "c", 1044));
    },
  );
  assertEquals(await run.run("watch", "--quiet"), 0);
  assertEquals(run.out.split("\n").length, 3);
  assertEquals(run.err, "");
});

Deno.test("a change that could not be printed is not behind the place to go on from", async () => {
  await using run = await openRun(
    changeTwo,
    (run) => {
      run.host.stdout.write = () => Promise.reject(systemError("ENOSPC"));
      run.remote.changes.push(put(run, "c", 1050));
    },
  );
  assertEquals(await run.run("watch"), 6);
  assertStringIncludes(run.err, "morsel: Stopped; go on with --since 1049\n");
});

Deno.test("watch that fails says where to go on, and exits as the error has it", async () => {
  const lost = new MorselError("connection", "The connection was lost; gave up after 60 s");
  await using run = await openRun(changeTwo, (run) => run.remote.faults.set("watched ", lost));
  assertEquals(await run.run("watch"), 8);
  const [, stopped, failure] = run.err.split("\n");
  assertEquals(stopped, "morsel: Stopped; go on with --since 1043");
  assertStringIncludes(failure!, "The connection was lost; gave up after 60 s");
});

Deno.test("watch --since of what is not kept any more says what to do, and exits with 4", async () => {
  const text =
    "The changes after 5 are not kept any more, only those from 20 on; list the files again";
  await using run = await openRun();
  run.remote.faults.set("watch a", new MorselError("gone", text));
  assertEquals(await run.run("watch", "a", "--since", "5"), 4);
  assertEquals([run.out, run.err], ["", `morsel: ${text}\n`]);
  assertEquals(await run.run("watch", "--since", "-5"), 2);
  assertEquals(await run.run("watch", "--since", "x"), 2);
});
