import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { caseBlindFiles } from "../support/case_blind_files.ts";
import { CliRun, notCapable, systemError } from "../support/cli_run.ts";

const TIME = 1_700_000_000_123;

/** A run against a server with files, each with its name as content and the same time. */
async function withNames(...names: string[]): Promise<CliRun> {
  const run = await CliRun.open();
  for (const name of names) run.remote.add(name, name, { modifiedMs: TIME });
  return run;
}

/** What lies in the temporary folder, with the content of files. */
async function tree(run: CliRun): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of await run.host.paths()) {
    const status = await run.host.files.look(path);
    found[path] = status?.kind === "file" ? await run.host.read(path) : "";
  }
  return found;
}

function failures(run: CliRun): string[] {
  return run.err.trimEnd().split("\n").map((line) => line.replace("morsel: ", ""));
}

Deno.test("get -r writes what is in a folder, with times, folders as needed, and a total", async () => {
  await using run = await withNames("photos/a", "photos/b/c/d", "photos/b/e", "photos2/x", "photo");
  assertEquals(await run.run("get", "-r", "photos"), 0);
  assertEquals(await tree(run), {
    "photos/": "",
    "photos/a": "photos/a",
    "photos/b/": "",
    "photos/b/c/": "",
    "photos/b/c/d": "photos/b/c/d",
    "photos/b/e": "photos/b/e",
  });
  assertEquals((await run.host.files.stat("photos/b/e"))?.modifiedMs, TIME);
  assertMatch(run.out, /^fetched 3 files, 30 B, skipped 0, failed 0, 0\.0s\n$/);
  assertEquals(run.err, "");
});

Deno.test("get -r -o names the folder, or with a slash what the folder goes into", async () => {
  for (
    const [args, path] of [
      [["x/photos"], "photos/a"],
      [["x/photos/"], "photos/a"],
      [["x/photos", "-o", "here"], "here/a"],
      [["x/photos", "-o", "here/there"], "here/there/a"],
      [["x/photos", "-o", "here/"], "here/photos/a"],
      [["x/photos", "-o", "."], "a"],
      [["x", "-o", "."], "photos/a"],
      [[""], "x/photos/a"],
      [["", "-o", "all"], "all/x/photos/a"],
    ] as const
  ) {
    await using run = await withNames("x/photos/a");
    for (let again = 0; again < 2; again++) {
      assertEquals(await run.run("get", "-r", ...args), 0, run.err);
      const files = (await run.host.paths()).filter((path) => !path.endsWith("/"));
      assertEquals(files, [path]);
    }
  }
});

Deno.test("get -r refuses a target that makes no sense", async () => {
  await using run = await withNames("a/b", "../x");
  await run.host.write("file", "x");
  const wrong: [string[], number, string][] = [
    [["-r", "a", "-o", "-"], 2, "A folder cannot go to standard output"],
    [["-r", "a", "-o", "file"], 2, '"file" is not a folder'],
    [["-r", ".."], 2, '".." cannot be a local folder'],
    [["-r", "x/.."], 2, "choose one with -o"],
    [["-r", "nothing"], 4, 'There are no files in "nothing/"'],
    [["a/b", "--checksum"], 2, "--checksum is for folders; add --recursive"],
  ];
  for (const [args, code, message] of wrong) {
    const before = run.err.length;
    assertEquals(await run.run("get", ...args), code, args.join(" "));
    assertStringIncludes(run.err.slice(before), message);
  }
  assertEquals(await tree(run), { file: "x" });
});

Deno.test("get -r skips what is equal by size and time", async () => {
  await using run = await withNames("d/same", "d/longer", "d/newer", "d/new", "d/link");
  run.remote.add("d/piped", "piped");
  run.remote.add("d/changed", "CHANGED");
  const local = {
    same: "D/SAME",
    longer: "x",
    newer: "d/newer",
    piped: "piped",
    changed: "changed",
  };
  for (const [name, content] of Object.entries(local)) {
    await run.host.write(`d/${name}`, content);
    await run.host.files.setModified(`d/${name}`, name === "newer" ? TIME - 1 : TIME);
  }
  await run.host.write("d/only here", "x");
  await run.host.write("elsewhere", "d/link");
  await Deno.symlink("../elsewhere", `${run.host.folder}/d/link`);
  assertEquals(await run.run("get", "-r", "d"), 0);
  assertMatch(run.out, /^fetched 5 files, \d+ B, skipped 2, failed 0/);
  assertEquals(await tree(run), {
    "d/": "",
    "d/changed": "CHANGED",
    "d/link": "d/link",
    "d/longer": "d/longer",
    "d/new": "d/new",
    "d/newer": "d/newer",
    "d/only here": "x",
    "d/piped": "piped",
    "d/same": "D/SAME",
    "elsewhere": "d/link",
  });
});

Deno.test("get -r --checksum goes by the digest, and gives what is equal its time", async () => {
  await using run = await withNames("d/same", "d/other");
  await run.host.write("d/same", "d/same");
  await run.host.write("d/other", "D/OTHER");
  await run.host.files.setModified("d/other", TIME);
  assertEquals(await run.run("get", "-r", "-c", "d", "-n"), 0);
  assertEquals((await run.host.files.stat("d/same"))?.modifiedMs === TIME, false);
  assertEquals(await run.run("get", "-r", "-c", "d"), 0);
  assertMatch(run.out, /\nfetched 1 file, 7 B, skipped 1, failed 0/);
  assertEquals(await run.host.read("d/other"), "d/other");
  assertEquals((await run.host.files.stat("d/same"))?.modifiedMs, TIME);
});

Deno.test("get -r --dry-run says what would be fetched, and makes no folder", async () => {
  await using run = await withNames("d/a", "d/e/b", "d/../x");
  assertEquals(await run.run("get", "-r", "--dry-run", "d"), 9);
  assertEquals(run.out.replace(/, \S+s\n$/, "\n").split("\n"), [
    "would fetch d/a  3 B",
    "would fetch d/e/b  5 B",
    "would fetch 2 files, 8 B, skipped 0, failed 1",
    "",
  ]);
  assertEquals(await tree(run), {});
});

Deno.test("get -r takes includes and excludes against the names below the folder", async () => {
  await using run = await withNames("d/a.jpg", "d/b.txt", "d/e/c.jpg", "d/d/x.jpg");
  await run.run("get", "-r", "d", "--include", "*.jpg", "--exclude", "/d");
  assertEquals(await run.host.paths(), ["d/", "d/a.jpg", "d/e/", "d/e/c.jpg"]);
});

Deno.test("get -r goes on past what fails, tells of each, and exits with 9", async () => {
  await using run = await withNames("d/a", "d/broken", "d/c", "d/denied", "d/gone");
  run.remote.damaged.add("d/broken");
  run.remote.faults.set("get d/gone", new MorselError("not_found", "There is no file"));
  const { files } = run.host;
  run.host.files = {
    ...files,
    place: (file, placement) =>
      placement.target === "d/denied"
        ? Promise.reject(systemError("EACCES"))
        : files.place(file, placement),
  };
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals(failures(run).sort(), [
    'Cannot write "d/denied" as the system denies access; check its permissions',
    'Skipped "d/gone" as it is gone',
    'What arrived of "d/broken" does not match its digest',
  ]);
  assertEquals(await run.host.paths(), ["d/", "d/a", "d/c"]);
});

Deno.test("get -r stops when the disk is full, and the same command goes on", async () => {
  await using run = await withNames(
    ...Array.from({ length: 200 }, (_, index) => `d/${index + 100}`),
  );
  const { files } = run.host;
  let placed = 0;
  const place: typeof files.place = (file, placement) =>
    ++placed > 100 ? Promise.reject(systemError("ENOSPC")) : files.place(file, placement);
  run.host.files = { ...files, place };
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals(failures(run).length, 2);
  assertStringIncludes(run.err, "as the local disk is full; free some space and run again");
  run.host.files = files;
  assertEquals(await run.run("get", "-r", "d"), 0);
  assertMatch(run.out, /\nfetched 100 files, .* skipped 100, failed 0/);
});

Deno.test("get -r stops at once where the folder itself cannot be made, or may not be written", async () => {
  const denied = notCapable('Requires write access to "d", run again with the --allow-write flag');
  for (
    const [error, code, line] of [
      [systemError("EROFS"), 1, 'Cannot write "d" as its file system is read-only'],
      [denied, 2, 'Writing "d" is not permitted: run again with --allow-write'],
    ] as const
  ) {
    await using run = await withNames("d/a", "d/b", "d/c/d");
    run.host.files = { ...run.host.files, makeFolder: () => Promise.reject(error) };
    assertEquals(await run.run("get", "-r", "d", "-o", "d"), code);
    assertStringIncludes(run.err, line);
    assertEquals([failures(run).length, run.out], [1, ""]);
  }
});

Deno.test("get -r goes on behind what an interrupted run has left of a large file", async () => {
  await using run = await CliRun.open();
  const large = "large ".repeat(50_000);
  run.remote.add("d/large", large);
  run.remote.pieceSize = 65536;
  run.remote.midway = () => {
    run.host.signal("SIGINT");
    return new Promise(() => {});
  };
  assertEquals(await run.run("get", "-r", "d"), 130);
  assertEquals(await run.host.paths(), ["d/"]);
  run.remote.midway = () => Promise.resolve();
  assertEquals(await run.run("get", "-r", "d"), 0);
  assertEquals(await tree(run), { "d/": "", "d/large": large });
});

Deno.test("get -r keeps files of equal content apart whose long names begin alike", async () => {
  await using run = await CliRun.open();
  const names = Array.from({ length: 20 }, (_, index) => `${"x".repeat(100)}${index + 10}`);
  for (const size of [10, 300_000]) {
    for (const name of names) run.remote.add(`${size}/${name}`, "x".repeat(size));
    run.remote.pieceSize = 100_000;
    assertEquals(await run.run("get", "-r", String(size)), 0, run.err);
    assertEquals((await run.host.files.list(String(size))).sort(), names);
  }
});

// What is safe everywhere, and what is refused on every system.
const HOSTILE = [
  "d/../../escaped",
  "d/..",
  "d/./dot",
  "d//empty",
  "d//etc/passwd",
  "d/.x.0123456789abcdef.morsel-part",
  "d/.x.0123456789abcdef.morsel-part-hashes",
];

Deno.test("get -r refuses every name that leads elsewhere, one by one, and fetches the rest", async () => {
  await using run = await withNames("d/a", ...HOSTILE, "d/z/ok");
  assertEquals(await run.run("get", "-r", "d", "-o", "in/here"), 9);
  assertEquals(await tree(run), {
    "in/": "",
    "in/here/": "",
    "in/here/a": "d/a",
    "in/here/z/": "",
    "in/here/z/ok": "d/z/ok",
  });
  assertEquals(failures(run).length, HOSTILE.length);
  for (const name of HOSTILE) {
    assertStringIncludes(run.err, `morsel: ${name}: Not written, as `);
  }
  assertMatch(run.out, new RegExp(`^fetched 2 files, .* failed ${HOSTILE.length},`));
});

Deno.test("get -r on Windows refuses drives, backslashes, devices and what else leads elsewhere there", async () => {
  const hostile = [
    "C:\\x",
    "C:x",
    "..\\x",
    "a\\..\\..\\x",
    "CON",
    "nul.txt",
    "com1",
    "a:b",
    "a.",
    "b ",
  ];
  await using run = await withNames("d/ok", ...hostile.map((name) => `d/${name}`));
  run.host.windows = true;
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals(await run.host.paths(), ["d/", "d/ok"]);
  assertEquals(failures(run).length, hostile.length);
  run.host.windows = false;
  assertEquals(await run.run("get", "-r", "d"), 0);
  assertEquals((await run.host.paths()).length, hostile.length + 2);
});

Deno.test("get -r writes no file that is a folder as well, and the file comes first", async () => {
  await using run = await withNames("d/a", "d/a!", "d/a/b", "d/a/c/d", "d/e/f", "d/g");
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals(await tree(run), {
    "d/": "",
    "d/a": "d/a",
    "d/a!": "d/a!",
    "d/e/": "",
    "d/e/f": "d/e/f",
    "d/g": "d/g",
  });
  assertEquals(failures(run), [
    'd/a/b: Not written, as there is a file "a" as well',
    'd/a/c/d: Not written, as there is a file "a" as well',
  ]);
  // Another spelling before it makes no difference.
  run.remote.add("d/A", "d/A");
  await Deno.remove(`${run.host.folder}/d`, { recursive: true });
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals((await tree(run))["d/a"], "d/a");
});

Deno.test("get -r writes through no link in the target folder", async () => {
  await using run = await withNames("d/a", "d/link/x", "d/link/y/z", "d/real/ok");
  await run.host.write("elsewhere/x", "precious");
  await run.host.files.makeFolder("d");
  await Deno.symlink("../elsewhere", `${run.host.folder}/d/link`);
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals(await tree(run), {
    "d/": "",
    "d/a": "d/a",
    "d/link": "",
    "d/real/": "",
    "d/real/ok": "d/real/ok",
    "elsewhere/": "",
    "elsewhere/x": "precious",
  });
  assertEquals(failures(run), [
    'd/link/x: Not written, as "d/link" is a link, and followed only as the target itself',
    'd/link/y/z: Not written, as "d/link" is a link, and followed only as the target itself',
  ]);
  // The folder itself comes from a name, too, unless it was typed.
  await run.host.files.rename("d", "was");
  await Deno.symlink("elsewhere", `${run.host.folder}/d`);
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals(await run.host.files.list("elsewhere"), ["x"]);
  assertEquals(await run.run("get", "-r", "d", "-o", "d"), 0);
  assertEquals((await run.host.files.list("elsewhere")).sort(), ["a", "link", "real", "x"]);
});

Deno.test("get -r puts nothing in the place of a folder or a device", async () => {
  await using run = await withNames("d/a", "d/b", "d/c/x", "d/ok");
  await run.host.write("d/a/inside", "x");
  await run.host.write("d/c", "a file");
  await new Deno.Command("mkfifo", { args: [`${run.host.folder}/d/b`] }).output();
  assertEquals(await run.run("get", "-r", "d"), 9);
  assertEquals(failures(run), [
    'Not written, as "d/a" is a folder; remove it first',
    'Not written, as "d/b" is a device, socket or pipe',
    'd/c/x: Not written, as "d/c" is not a folder; remove it first',
  ]);
  assertEquals(await run.host.paths(), ["d/", "d/a/", "d/a/inside", "d/b", "d/c", "d/ok"]);
});

Deno.test("get -r does not write one file over another that differs only in case", async () => {
  const names = ["d/A", "d/F/x", "d/a", "d/b", "d/f/x", "d/f/y", "d/É", "d/é"];
  await using run = await withNames(...names);
  const { files } = run.host;
  assertEquals(await run.run("get", "-r", "d"), 0);
  assertEquals(Object.values(await tree(run)).filter((content) => content !== ""), names);
  await Deno.remove(`${run.host.folder}/d`, { recursive: true });

  run.host.files = caseBlindFiles(files);
  // Again, as sizes and times are equal, and what was refused must not be taken for what is there.
  for (let again = 0; again < 2; again++) {
    const before = run.err.length;
    assertEquals(await run.run("get", "-r", "d"), 9);
    assertEquals(await tree(run), {
      "d/": "",
      "d/A": "d/A",
      "d/F/": "",
      "d/F/x": "d/F/x",
      "d/b": "d/b",
      "d/É": "d/É",
    });
    const because = "differs from it in case only, which is the same to this file system";
    assertEquals(run.err.slice(before).trimEnd().split("\n").sort(), [
      `morsel: d/a: Not written, as "A" ${because}`,
      `morsel: d/f/x: Not written, as "F" ${because}`,
      `morsel: d/f/y: Not written, as "F" ${because}`,
      `morsel: d/é: Not written, as "É" ${because}`,
    ]);
  }
});

Deno.test("get -r --json prints an object for each event and one for the total", async () => {
  await using run = await withNames("d/a");
  await run.run("get", "-r", "d", "--json");
  const [fetched, total] = run.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  const { event, name, size, path } = fetched;
  assertEquals({ event, name, size, path }, {
    event: "fetched",
    name: "d/a",
    size: 3,
    path: "d/a",
  });
  const { ms: _, ...counts } = total;
  assertEquals(counts, { event: "total", files: 1, bytes: 3, skipped: 0, failed: 0, removed: 0 });
});
