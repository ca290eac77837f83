import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { caseBlindFiles } from "../support/case_blind_files.ts";
import { CliRun, systemError } from "../support/cli_run.ts";

const TIME = 1_700_000_000_123;

/** A run with these local files and names, all with their last part as content and the same time. */
async function withBoth(local: string[], remote: string[]): Promise<CliRun> {
  const run = await CliRun.open();
  for (const path of local) {
    await run.host.write(path, path.split("/").at(-1)!);
    await run.host.files.setModified(path, TIME);
  }
  for (const name of remote) run.remote.add(name, name.split("/").at(-1)!, { modifiedMs: TIME });
  return run;
}

function storedNames(run: CliRun): string[] {
  return [...run.remote.stored.keys()].sort();
}

Deno.test("sync stores what is new or has changed, and leaves what only the server has", async () => {
  await using run = await withBoth(["d/a", "d/b/c"], ["m/a", "m/old", "m2/x", "mm"]);
  assertEquals(await run.run("sync", "d", "m/"), 0);
  assertEquals(storedNames(run), ["m/a", "m/b/c", "m/old", "m2/x", "mm"]);
  assertMatch(run.out, /^stored 1 file, 1 B, skipped 1, failed 0/);
});

Deno.test("sync --delete removes what only the server has, below the folder and nowhere else", async () => {
  await using run = await withBoth(["d/a", "d/b/c"], [
    "m/a",
    "m/b/x",
    "m/old",
    "m",
    "m!/x",
    "m0",
    "n",
  ]);
  assertEquals(await run.run("sync", "d", "m", "--delete", "--dry-run"), 0);
  assertEquals(run.out.replace(/, \S+s\n$/, "\n").split("\n"), [
    "would store m/b/c  1 B",
    "would remove m/b/x  1 B",
    "would remove m/old  3 B",
    "would store 1 file, 1 B, remove 2, skipped 1, failed 0",
    "",
  ]);
  assertEquals(run.remote.stored.size, 7);
  const before = run.out.length;
  assertEquals(await run.run("sync", "d", "m", "--delete"), 0);
  assertEquals(storedNames(run), ["m", "m!/x", "m/a", "m/b/c", "m0", "n"]);
  assertMatch(run.out.slice(before), /^stored 1 file, 1 B, removed 2, skipped 1, failed 0/);
});

Deno.test("sync --down fetches, and with --delete removes what only the folder has", async () => {
  await using run = await withBoth(
    ["d/a", "d/b/x", "d/e/f/g", "d/e/h", "d/old", "d2/x"],
    ["m/a", "m/b/c", "m/e/h", "m2/y"],
  );
  assertEquals(await run.run("sync", "--down", "m", "d"), 0);
  assertEquals((await run.host.paths("d/")).length, 9);
  assertEquals(await run.run("sync", "--down", "m", "d", "--delete"), 0);
  assertEquals(await run.host.paths("d/"), ["d/a", "d/b/", "d/b/c", "d/e/", "d/e/h"]);
  assertEquals(await run.host.paths("d2/"), ["d2/x"]);
  assertMatch(run.out, /\nfetched 0 files, 0 B, removed 3, skipped 3, failed 0/);
  assertEquals(run.remote.stored.size, 4);
});

Deno.test("sync --down makes the folder, also where --delete was given", async () => {
  await using run = await withBoth([], ["m/a/b"]);
  assertEquals(await run.run("sync", "--down", "m", "x/y", "--delete", "-n"), 0);
  assertEquals(await run.run("sync", "--down", "m", "x/y", "--delete"), 0);
  assertEquals(await run.host.paths("x/"), ["x/y/", "x/y/a/", "x/y/a/b"]);
});

Deno.test("sync --delete removes nothing that is excluded, left out or arriving", async () => {
  const partial = ".x.0123456789abcdef.morsel-part";
  await using up = await withBoth(["d/a", `d/${partial}`], [
    "m/a",
    "m/b.tmp",
    "m/link",
    "m/link/inside",
    "m/link!",
    "m/tmp/c",
  ]);
  await Deno.symlink("nowhere", `${up.host.folder}/d/link`);
  assertEquals(
    await up.run("sync", "d", "m", "--delete", "--exclude", "*.tmp", "--exclude", "tmp/"),
    0,
  );
  assertEquals(storedNames(up), ["m/a", "m/b.tmp", "m/link", "m/link/inside", "m/tmp/c"]);

  await using down = await withBoth(
    ["d/a", "d/b.tmp", "d/tmp/c", "d/gone/x", `d/gone/${partial}`],
    ["m/a"],
  );
  await Deno.symlink("nowhere", `${down.host.folder}/d/link`);
  const args = ["--delete", "--exclude", "*.tmp", "--exclude", "/tmp"];
  assertEquals(await down.run("sync", "--down", "m", "d", ...args), 0);
  assertEquals(await down.host.paths("d/"), [
    "d/a",
    "d/b.tmp",
    "d/gone/",
    `d/gone/${partial}`,
    "d/link",
    "d/tmp/",
    "d/tmp/c",
  ]);
});

Deno.test("sync --delete removes nothing after any failure", async () => {
  await using up = await withBoth(["d/a", "d/closed/x"], ["m/old", "m/closed/x"]);
  const { files } = up.host;
  up.host.files = {
    ...files,
    entries: (path) =>
      path === "d/closed" ? Promise.reject(systemError("EACCES")) : files.entries(path),
  };
  assertEquals(await up.run("sync", "d", "m", "--delete"), 9);
  assertEquals(storedNames(up), ["m/a", "m/closed/x", "m/old"]);
  assertStringIncludes(up.err, "Nothing is removed from the target, as not everything came across");

  await using down = await withBoth(["d/old"], ["m/a", "m/b"]);
  down.remote.damaged.add("m/b");
  assertEquals(await down.run("sync", "--down", "m", "d", "--delete"), 9);
  assertEquals(await down.host.paths("d/"), ["d/a", "d/old"]);
});

Deno.test("sync --delete stops where a folder cannot be read any more when it comes to removing", async () => {
  await using run = await withBoth(["d/a", "d/b/x"], ["m/a", "m/b/x", "m/b/y", "m/c"]);
  const { files } = run.host;
  let reads = 0;
  run.host.files = {
    ...files,
    // Once before anything is stored, once to store, and once more in the end.
    entries: (path) =>
      path === "d/b" && ++reads > 2 ? Promise.reject(systemError("EIO")) : files.entries(path),
  };
  assertEquals(await run.run("sync", "d", "m", "--delete"), 9);
  assertEquals(storedNames(run), ["m/a", "m/b/x", "m/b/y", "m/c"]);
});

Deno.test("sync --delete refuses to empty the target when the source has no files", async () => {
  await using run = await withBoth(["full/a"], ["m/a"]);
  await run.host.files.makeFolder("empty/er");
  const before = run.out.length;
  assertEquals(await run.run("sync", "empty", "m", "--delete"), 2);
  assertEquals(await run.run("sync", "--down", "nothing", "full", "--delete"), 2);
  assertEquals(run.out.slice(before), "");
  assertEquals(await run.run("sync", "missing", "m", "--delete"), 4);
  assertEquals([storedNames(run), await run.host.paths("full/")], [["m/a"], ["full/a"]]);
  assertStringIncludes(
    run.err,
    '"empty" has no files, so --delete would remove all that the target',
  );
  assertStringIncludes(run.err, '"nothing/" has no files, so --delete would remove all that');
  assertEquals(await run.run("sync", "empty", "nothing", "--delete"), 0);
});

Deno.test("sync --delete removes nothing that the source had before, though a disk of it is unmounted meanwhile", async () => {
  for (const unmounted of ["d", "d/disk"]) {
    await using run = await withBoth(["d/a", "d/disk/b", "d/disk/new"], [
      "m/a",
      "m/disk/b",
      "m/old",
    ]);
    const { files } = run.host;
    let reads = 0;
    run.host.files = {
      ...files,
      entries: (path) =>
        path === unmounted && ++reads > 2 ? Promise.resolve([]) : files.entries(path),
    };
    assertEquals(await run.run("sync", "d", "m", "--delete"), 0);
    assertEquals(storedNames(run), ["m/a", "m/disk/b", "m/disk/new"]);
  }
});

Deno.test("sync --delete removes nothing that could not be read before", async () => {
  for (const failing of ["d", "d/b"]) {
    await using run = await withBoth(["d/a", "d/b/x"], ["m/a", "m/b/y", "m/b/z"]);
    const { files } = run.host;
    let reads = 0;
    run.host.files = {
      ...files,
      entries: (path) =>
        path === failing && ++reads === 1
          ? Promise.reject(systemError("EIO"))
          : files.entries(path),
    };
    assertEquals(await run.run("sync", "d", "m", "--delete"), 0);
    assertEquals(storedNames(run), ["m/a", "m/b/x", "m/b/y", "m/b/z"]);
    assertEquals(await run.run("sync", "d", "m", "--delete"), 0);
    assertEquals(storedNames(run), ["m/a", "m/b/x"]);
  }
});

Deno.test("sync --down --delete removes nothing that the server had before, though it comes back without it", async () => {
  await using run = await withBoth(["d/a", "d/b/c", "d/old"], ["m/a", "m/b/c"]);
  const { list } = run.remote;
  let lists = 0;
  run.remote.list = (options) =>
    list.call(run.remote, ++lists > 2 ? { ...options, prefix: "m/a" } : options);
  assertEquals(await run.run("sync", "--down", "m", "d", "--delete"), 0);
  assertEquals(await run.host.paths("d/"), ["d/a", "d/b/", "d/b/c"]);
});

Deno.test("sync leaves a name that was replaced meanwhile", async () => {
  await using run = await withBoth(["d/a"], ["m/a", "m/old", "m/gone"]);
  run.remote.faults.set("remove m/old", new MorselError("conflict", "It has version 9"));
  run.remote.faults.set("remove m/gone", new MorselError("not_found", "There is no file"));
  assertEquals(await run.run("sync", "d", "m", "--delete"), 0);
  assertEquals(run.err, 'morsel: Skipped "m/old" as it was replaced meanwhile\n');
});

Deno.test("sync --down --delete makes way where a file became a folder, or the other way round", async () => {
  const local = ["d/file/was/folder", "d/folder", "d/z"];
  await using run = await withBoth(local, ["m/file", "m/folder/was/file", "m/z"]);
  assertEquals(await run.run("sync", "--down", "m", "d", "--delete", "-n"), 0);
  assertMatch(run.out, /would fetch 2 files, \d+ B, remove 2, skipped 1, failed 0/);
  assertEquals(await run.run("sync", "--down", "m", "d"), 9);
  assertEquals(await run.run("sync", "--down", "m", "d", "--delete"), 0);
  assertEquals(await run.host.paths("d/"), [
    "d/file",
    "d/folder/",
    "d/folder/was/",
    "d/folder/was/file",
    "d/z",
  ]);
});

Deno.test("sync --down --delete keeps a file that the server has in other case, where that is the same", async () => {
  await using run = await withBoth(["d/A", "d/b"], ["m/a", "m/c"]);
  const { files } = run.host;
  run.host.files = caseBlindFiles(files);
  assertEquals(await run.run("sync", "--down", "m", "d", "--delete"), 0);
  assertEquals((await run.host.paths("d/")).map((path) => path.toLowerCase()), ["d/a", "d/c"]);
  run.host.files = files;
  await run.host.write("d/C", "C");
  assertEquals(await run.run("sync", "--down", "m", "d", "--delete"), 0);
  assertEquals(await run.host.paths("d/"), ["d/a", "d/c"]);
});

Deno.test("sync --down --delete keeps files in a folder that the server has in other case", async () => {
  for (const [there, here] of [["Photos", "photos"], ["photos", "Photos"]] as const) {
    await using run = await withBoth(
      [`d/${here}/in/stra\u00dfe`, `d/${here}/b`, `d/${here}/old`, "d/old"],
      [`m/${there}/IN/STRA\u00dfE`, `m/${there}/b`, `m/${there}/new`],
    );
    run.host.files = caseBlindFiles(run.host.files);
    assertEquals(await run.run("sync", "--down", "m", "d", "--delete"), 0);
    const paths = await run.host.paths("d/");
    assertEquals(paths.map((path) => path.toLowerCase()), [
      "d/photos/",
      "d/photos/b",
      "d/photos/in/",
      "d/photos/in/stra\u00dfe",
      "d/photos/new",
    ]);
  }
});

Deno.test("sync --down --delete never removes through a link", async () => {
  await using run = await withBoth(["d/a", "elsewhere/x"], ["m/a"]);
  await Deno.symlink("../elsewhere", `${run.host.folder}/d/link`);
  assertEquals(await run.run("sync", "--down", "m", "d", "--delete"), 0);
  assertEquals(await run.host.paths("elsewhere/"), ["elsewhere/x"]);
});
