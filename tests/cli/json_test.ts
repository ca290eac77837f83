// The objects of --json are those of docs/command-line.md, field by field.

import { assert, assertEquals } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { ProgressDisplay } from "../../lib/cli/progress.ts";
import { Screen } from "../../lib/cli/screen.ts";
import { onTransferEvent, tellReconnecting, tellResume } from "../../lib/cli/transfer_events.ts";
import { FIGURE_NAMES } from "../../lib/protocol/figures.ts";
import type { CommandContext } from "../../lib/cli/command.ts";
import { CliRun } from "../support/cli_run.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeOutput } from "../support/fake_host.ts";

type Table = Map<string, string>;

const document = await Deno.readTextFile(new URL("../../docs/command-line.md", import.meta.url));
const tables = new Map(Array.from(
  document.matchAll(/^#### `(\w+)`[^]*?(?=^#|$(?![^]))/gm),
  ([section, name]): [string, Table] => [
    name!,
    new Map(Array.from(
      section.matchAll(/^\| `(\w+)` \| (\w+\??) \|/gm),
      ([, field, type]): [string, string] => [field!, type!],
    )),
  ],
));
/** One of each. */
const ALL_FIGURES = {
  ...Object.fromEntries(FIGURE_NAMES.map((name, index) => [name, index])),
  version: "1",
};
const seen = new Set<string>();

/** Fails where the object has a field that the document lacks, lacks one that it has, or has another type. */
function assertDocumented(kind: string, object: Record<string, unknown>): void {
  seen.add(kind);
  const table = tables.get(kind);
  assert(table, `the document has no ${kind}`);
  for (const [field, value] of Object.entries(object)) {
    assertEquals(table.get(field)?.replace("?", ""), typeof value, `${kind}.${field}`);
  }
  for (const [field, type] of table) {
    if (!type.endsWith("?")) assert(field in object, `${kind} has no ${field}`);
  }
}

function lines(text: string): Record<string, unknown>[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** What the commands print; each ends in the kind of its object. */
const RESULTS: [string[], string][] = [
  [["put", "local", "--meta", "a=b"], "file"],
  [["get", "b/c"], "file"],
  [["ls"], "file"],
  [["stat", "a"], "file"],
  [["cp", "a", "x"], "file"],
  [["mv", "x", "y"], "file"],
  [["rm", "y"], "file"],
  [["ls", "b", "--delimiter", "/"], "folder"],
  [["verify", "a"], "verified"],
  [["uploads"], "upload"],
  [["stats"], "statistics"],
  [["hash", "local"], "hashed"],
  [["put", "-r", "local", "folder"], "transferred"],
  [["put", "-r", "-n", "folder"], "transferred"],
  [["get", "-r", "b"], "transferred"],
  [["sync", "folder", "b", "--delete"], "transferred"],
  [["sync", "--down", "b", "folder", "--delete"], "transferred"],
];

for (const [args, kind] of RESULTS) {
  Deno.test(`${args.slice(0, 1)} --json prints a ${kind} as it is documented`, async () => {
    await using run = await CliRun.open();
    await run.host.write("local", "content");
    await run.host.write("folder/a", "content");
    await Deno.symlink("a", `${run.host.folder}/folder/link`);
    for (const name of ["a", "b/c", "x", "y"]) run.remote.add(name, "content");
    const upload = { id: "0".repeat(32), name: "u", durable: 1, begunMs: 2, activeMs: 3 };
    run.remote.unfinished = [
      { ...upload, declaredSize: 7, isAttached: true },
      { ...upload, declaredSize: undefined, isAttached: false },
    ];
    run.remote.figures = ALL_FIGURES;
    assertEquals(await run.run(...args, "--json"), 0);
    assertEquals(run.err, "");
    for (const object of lines(run.out)) {
      const event = String(object.event);
      assertDocumented(["skipped", "total"].includes(event) ? event : kind, object);
    }
  });
}

Deno.test("watch --json prints places and changes as they are documented", async () => {
  await using run = await CliRun.open();
  const file = run.remote.add("a", "content");
  run.remote.changes = [
    { kind: "put", sequence: 1, name: "a", file },
    { kind: "remove", sequence: 2, name: "b", removedMs: 3 },
  ];
  run.remote.midway = () => Promise.resolve(run.host.signal("SIGINT"));
  assertEquals(await run.run("watch", "--since", "0", "--json"), 0);
  for (const object of lines(run.out)) {
    assertDocumented(["put", "remove"].includes(String(object.kind)) ? "change" : "place", object);
  }
});

Deno.test("events are as they are documented, and go with --quiet", async () => {
  for (const quiet of [false, true]) {
    const stderr = new FakeOutput();
    const clock = new FakeClock();
    const screen = new Screen({ stdout: new FakeOutput(), stderr, json: true, quiet });
    const context = { screen } as CommandContext;
    await tellResume(context, { name: "a", offset: 1, total: 2 });
    onTransferEvent(context, "a", { resumed: () => {} })({ kind: "restarted", reason: "it is" });
    const reason = new MorselError("connection", "Lost");
    tellReconnecting(screen, { attempt: 1, pauseMs: 100, reason });
    {
      await using progress = new ProgressDisplay({
        screen,
        clock,
        columns: () => 0,
        rows: () => 0,
        files: 1,
        audience: "program",
      });
      using tracker = progress.track("a");
      tracker.update({ received: 1, durable: 1, total: 2 });
      await clock.advance(1000);
      tracker.update({ received: 1, durable: 1, total: undefined });
      await clock.advance(9000);
      tracker.done();
    }
    await screen.flush();
    if (quiet) assertEquals(stderr.text, "");
    else for (const event of lines(stderr.text)) assertDocumented(String(event.event), event);
  }
});

Deno.test("errors are as they are documented", async () => {
  await using run = await CliRun.open();
  assertEquals(await run.run("rm", "nope", "neither", "--json", "--debug"), 4);
  assertEquals(await run.run("bogus", "--json"), 2);
  for (const { error } of lines(run.err)) {
    assertDocumented("error", error as Record<string, unknown>);
  }
});

Deno.test("nothing is documented that does not exist", () => {
  assertEquals([...tables.keys()].filter((kind) => !seen.has(kind)), []);
});
