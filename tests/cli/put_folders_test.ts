import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { CliRun, systemError } from "../support/cli_run.ts";

const TIME = 1_700_000_000_123;

/** A run with local files, each with its path as content and the same time. */
async function withFiles(...paths: string[]): Promise<CliRun> {
  const run = await CliRun.open();
  for (const path of paths) {
    await run.host.write(path, path);
    await run.host.files.setModified(path, TIME);
  }
  return run;
}

function storedNames(run: CliRun): string[] {
  return [...run.remote.stored.keys()].sort();
}

Deno.test("put -r stores what is in a folder, with names from the folder on and a total", async () => {
  await using run = await withFiles("up/photos/z", "up/photos/a/1", "up/photos/a/2", "up/photos/B");
  assertEquals(await run.run("put", "-r", "up/photos"), 0);
  assertEquals(storedNames(run), ["photos/B", "photos/a/1", "photos/a/2", "photos/z"]);
  assertEquals(run.remote.text("photos/a/1"), "up/photos/a/1");
  assertEquals((await run.remote.stat("photos/z")).modifiedMs, TIME);
  assertMatch(run.out, /^stored 4 files, 48 B, skipped 0, failed 0, 0\.0s\n$/);
  assertEquals(run.err, "");
});

Deno.test("put -r --as names the folder, or with a slash goes before its name", async () => {
  await using run = await withFiles("photos/a", "other/b");
  for (
    const [args, names] of [
      [["photos/", "--as", "x/"], ["x/photos/a"]],
      [["photos", "--as", "x"], ["x/a"]],
      [["photos", "--as", "x/y"], ["x/y/a"]],
      [["photos/.", "--as", "x/"], ["x/a"]],
      [["photos/."], ["a"]],
      [["photos", "other"], ["other/b", "photos/a"]],
      [["photos", "other/b", "--as", "x/"], ["x/b", "x/photos/a"]],
    ] as const
  ) {
    run.remote.stored.clear();
    assertEquals(await run.run("put", "-r", ...args), 0);
    assertEquals(storedNames(run), [...names], args.join(" "));
  }
});

Deno.test("put -r skips what is equal by size and time, after one listing", async () => {
  await using run = await withFiles(
    "d/same",
    "d/longer",
    "d/newer",
    "d/new",
    "d/piped",
    "d/changed",
  );
  const modifiedMs = TIME;
  run.remote.add("d/same", "d/SAME", { modifiedMs });
  run.remote.add("d/longer", "d/longe", { modifiedMs });
  run.remote.add("d/newer", "d/newer", { modifiedMs: modifiedMs - 1 });
  // Without a time the digest has to tell.
  run.remote.add("d/piped", "d/piped");
  run.remote.add("d/changed", "d/CHANGED");
  run.remote.add("d/there only", "x");
  assertEquals(await run.run("put", "-r", "d"), 0);
  assertMatch(run.out, /^stored 4 files, \d+ B, skipped 2, failed 0/);
  assertEquals(run.remote.text("d/same"), "d/SAME");
  assertEquals(run.remote.text("d/changed"), "d/changed");
  assertEquals(run.remote.text("d/there only"), "x");
  assertEquals(run.remote.lists.length, 1);
  run.remote.lastPut = {};
  assertEquals(await run.run("put", "-r", "d"), 0);
  assertEquals(run.remote.lastPut, {});
});

Deno.test("put -r --checksum goes by the digest, whatever the times", async () => {
  await using run = await withFiles("d/same", "d/other");
  run.remote.add("d/same", "d/same", { modifiedMs: 1 });
  run.remote.add("d/other", "d/OTHER", { modifiedMs: TIME });
  assertEquals(await run.run("put", "-r", "-c", "d"), 0);
  assertMatch(run.out, /^stored 1 file, 7 B, skipped 1, failed 0/);
  assertEquals(run.remote.text("d/other"), "d/other");
});

Deno.test("put -r with metadata stores what has other metadata there", async () => {
  await using run = await withFiles("d/a");
  await run.run("put", "-r", "d");
  await run.run("put", "-r", "d", "--meta", "k=v");
  assertEquals((await run.remote.stat("d/a")).metadata, { k: "v" });
  const { version } = await run.remote.stat("d/a");
  await run.run("put", "-r", "d", "--meta", "k=v");
  await run.run("put", "-r", "d");
  assertEquals((await run.remote.stat("d/a")).version, version);
});

Deno.test("put -r --dry-run says what would be stored and stores nothing", async () => {
  await using run = await withFiles("d/a", "d/b", "d/c");
  run.remote.add("d/b", "d/b", { modifiedMs: TIME });
  assertEquals(await run.run("put", "-r", "-n", "d"), 0);
  assertEquals(run.out.replace(/, \S+s\n$/, "\n").split("\n"), [
    "would store d/a  3 B",
    "would store d/c  3 B",
    "would store 2 files, 6 B, skipped 1, failed 0",
    "",
  ]);
  assertEquals(storedNames(run), ["d/b"]);
});

Deno.test("put -r takes includes and excludes against the path below the folder", async () => {
  await using run = await withFiles("d/a.jpg", "d/b.txt", "d/e/c.jpg", "d/e/d.tmp", "d/d/x.jpg");
  await run.run("put", "-r", "d", "--include", "*.jpg", "--include", "*.tmp", "--exclude", "/d/");
  assertEquals(storedNames(run), ["d/a.jpg", "d/e/c.jpg", "d/e/d.tmp"]);
});

Deno.test("put -r says what it leaves out: links, devices; and stores no partial files", async () => {
  await using run = await withFiles("d/a", "d/.x.0123456789abcdef.morsel-part", "secret/key");
  await Deno.symlink(`${run.host.folder}/secret`, `${run.host.folder}/d/out`);
  await Deno.symlink("a", `${run.host.folder}/d/within`);
  await new Deno.Command("mkfifo", { args: [`${run.host.folder}/d/pipe`] }).output();
  assertEquals(await run.run("put", "-r", "d"), 0);
  assertEquals(storedNames(run), ["d/a"]);
  assertEquals(run.err.trimEnd().split("\n"), [
    'morsel: Skipped "d/out" as it is a link',
    'morsel: Skipped "d/pipe" as it is neither a file nor a folder',
    'morsel: Skipped "d/within" as it is a link',
  ]);
  assertMatch(run.out, /^stored 1 file, 3 B, skipped 3, failed 0/);
});

Deno.test("put -r follows a link that the user named", async () => {
  await using run = await withFiles("real/a");
  await Deno.symlink("real", `${run.host.folder}/link`);
  assertEquals(await run.run("put", "-r", "link"), 0);
  assertEquals(storedNames(run), ["link/a"]);
});

Deno.test("put -r of an empty folder says so and succeeds", async () => {
  await using run = await CliRun.open();
  await run.host.files.makeFolder("empty/er");
  assertEquals(await run.run("put", "-r", "empty"), 0);
  assertStringIncludes(run.err, "There are no files in there, so nothing is stored");
});

Deno.test("a filter that leaves nothing is told as what it is, whichever way", async () => {
  await using run = await withFiles("d/a");
  run.remote.add("m/a", "x");
  for (
    const [args, code] of [
      [["put", "-r", "d"], 0],
      [["sync", "d", "m"], 0],
      [["get", "-r", "m", "-o", "to"], 4],
    ] as const
  ) {
    const before = run.err.length;
    assertEquals(await run.run(...args, "--include", "*.png"), code);
    assertStringIncludes(run.err.slice(before), "that --include and --exclude leave");
  }
  assertEquals(await run.run("sync", "--down", "nothing", "d"), 0);
  assertStringIncludes(run.err, "There are no files in there");
});

Deno.test("put -r goes on past what fails, tells of each, and exits with 9", async () => {
  await using run = await withFiles("d/a", "d/b", "d/bad\nname", "d/c", "d/closed/x");
  run.remote.faults.set("put d/b", new MorselError("limit", "Too large"));
  const { files } = run.host;
  run.host.files = {
    ...files,
    entries: (path) =>
      path === "d/closed" ? Promise.reject(systemError("EACCES")) : files.entries(path),
  };
  assertEquals(await run.run("put", "-r", "d", "missing"), 9);
  assertEquals(storedNames(run), ["d/a", "d/c"]);
  assertEquals(run.err.trimEnd().split("\n").sort(), [
    'morsel: Cannot read "d/closed" as the system denies access; check its permissions',
    'morsel: The name "d/bad\\nname" has the control character U+000a; rename the file',
    'morsel: There is nothing at "missing"; check the path',
    "morsel: d/b: Too large",
  ]);
  assertMatch(run.out, /^stored 2 files, 6 B, skipped 0, failed 4/);
});

Deno.test("put -r leaves out a file that is gone when its turn comes", async () => {
  await using run = await withFiles("d/a", "d/b");
  const { files } = run.host;
  run.host.files = {
    ...files,
    readWhole: (path, most) =>
      path === "d/a" ? Promise.reject(systemError("ENOENT")) : files.readWhole(path, most),
  };
  assertEquals(await run.run("put", "-r", "d"), 0);
  assertEquals(run.err, 'morsel: Skipped "d/a" as it is gone\n');
});

Deno.test("put -r stops at a lost connection, and the same command goes on", async () => {
  const paths = Array.from({ length: 200 }, (_, index) => `d/${index + 100}`);
  await using run = await withFiles(...paths);
  for (const path of paths.slice(100)) {
    run.remote.faults.set(`put ${path}`, new MorselError("connection", "The server is gone"));
  }
  assertEquals(await run.run("put", "-r", "d"), 9);
  assertEquals(run.err.trimEnd().split("\n"), [
    "morsel: The server is gone; see that the server runs, or name another with --server",
    "morsel: The rest is left out; the same command goes on with it",
  ]);
  const there = run.remote.stored.size;
  assertMatch(run.out, new RegExp(`^stored ${there} files, .* failed 1`));
  run.remote.faults.clear();
  const before = run.out.length;
  assertEquals(await run.run("put", "-r", "d"), 0);
  assertMatch(
    run.out.slice(before),
    new RegExp(`^stored ${200 - there} files, .* skipped ${there}`),
  );
  assertEquals(run.remote.stored.size, 200);
});

Deno.test("put -r without a connection exits with 8", async () => {
  await using run = await withFiles("d/a");
  run.connectFault = new MorselError("connection", "Cannot connect to 127.0.0.1:1300: refused");
  assertEquals(await run.run("put", "-r", "d"), 8);
  assertEquals(run.out, "");
  assertEquals(run.err.trimEnd().split("\n").length, 1, run.err);
  assertEquals(await run.run("put", "-r", "missing"), 4);
});

Deno.test("Ctrl-C ends put -r with 130", async () => {
  await using run = await withFiles("d/a", "d/b");
  run.remote.midway = () => {
    run.host.signal("SIGINT");
    return new Promise(() => {});
  };
  assertEquals(await run.run("put", "-r", "d"), 130);
  assertEquals(run.err, "morsel: Stopped\n");
  assertEquals([run.remote.isClosed, run.host.listens], [true, false]);
});

Deno.test("put -r --json prints an object for each event and one for the total", async () => {
  await using run = await withFiles("d/a");
  await Deno.symlink("a", `${run.host.folder}/d/link`);
  await run.run("put", "-r", "d", "--json");
  const events = run.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  const [skipped, stored, total] = events.toSorted((a, b) => a.event < b.event ? -1 : 1);
  assertEquals(skipped, { event: "skipped", path: "d/link", reason: "it is a link" });
  const { name, size, path, modifiedMs } = stored;
  assertEquals({ name, size, path, modifiedMs }, {
    name: "d/a",
    size: 3,
    path: "d/a",
    modifiedMs: TIME,
  });
  const { ms, ...counts } = total;
  assertEquals(counts, { event: "total", files: 1, bytes: 3, skipped: 1, failed: 0, removed: 0 });
  assertEquals(ms, 0);
  const before = run.out.length;
  await run.host.write("d/b", "more");
  await run.run("put", "-r", "d", "--json", "-n");
  assertStringIncludes(
    run.out.slice(before),
    '{"event":"stored","name":"d/b","size":4,"path":"d/b","dryRun":true}\n',
  );
});

Deno.test("put -r shows how far all files have come on a terminal", async () => {
  await using run = await withFiles("d/a", "d/b");
  run.host.stderr.isTerminal = true;
  run.remote.midway = () => run.clock.advance(1000);
  assertEquals(await run.run("put", "-r", "d"), 0);
  assertStringIncludes(run.err, "of 2 files");
  assertEquals(run.err.includes("100%"), false);
  assertEquals(run.clock.timers, 0);
});

Deno.test("put -r keeps to a bound of files under way", async () => {
  await using run = await withFiles(...Array.from({ length: 600 }, (_, index) => `d/${index}`));
  run.remote.gather(512);
  assertEquals(await run.run("put", "-r", "-q", "d"), 0);
  assertEquals(run.remote.stored.size, 600);
  assertEquals(run.remote.mostUnderWay, 512);
});
