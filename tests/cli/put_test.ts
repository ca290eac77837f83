import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { CliRun, notCapable, systemError } from "../support/cli_run.ts";

// The digest of nothing: SHA-256 of nothing (PROTOCOL.md 2.4).
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** More than is read into memory at once. */
const LARGE = "large ".repeat(50_000);

Deno.test("put stores files under the last part of their paths and prints a line for each", async () => {
  await using run = await CliRun.open();
  await run.host.write("a.txt", "");
  await run.host.write("deep/b.txt", "two");
  assertEquals(await run.run("put", "a.txt", "./deep/b.txt"), 0);
  assertEquals(storedNames(run), ["a.txt", "b.txt"]);
  assertEquals(run.remote.text("b.txt"), "two");
  const [first, second] = run.out.trimEnd().split("\n").sort();
  assertMatch(first!, new RegExp(`^a\\.txt  v[12]  0 B  ${EMPTY}$`));
  assertMatch(second!, /^b\.txt {2}v[12] {2}3 B {2}[0-9a-f]{64}$/);
  assertEquals(run.err, "");
  assertEquals(run.remote.isClosed, true);
});

Deno.test("put prints objects with --json and nothing with --quiet", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", "");
  await run.run("put", "a", "--quiet");
  assertEquals(run.out, "");
  await run.run("put", "a", "--json", "--meta", "k=v");
  const { name, size, digest, metadata } = JSON.parse(run.out);
  assertEquals({ name, size, digest, metadata }, {
    name: "a",
    size: 0,
    digest: EMPTY,
    metadata: { k: "v" },
  });
});

Deno.test("put passes conditions, metadata, size, time and chunk size on", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", "one");
  await run.host.files.setModified("a", 1_700_000_000_000);
  await run.run("put", "a", "--if-version", "7", "--meta", "x=1", "--chunk-size", "9");
  const { ifVersion, metadata, size, modifiedMs, chunkSize } = run.remote.lastPut;
  assertEquals({ ifVersion, metadata, size, modifiedMs, chunkSize }, {
    ifVersion: 7,
    metadata: { x: "1" },
    size: undefined, // it goes as bytes, which say it themselves
    modifiedMs: 1_700_000_000_000,
    chunkSize: 9,
  });
  await run.host.write("large", LARGE);
  await run.host.files.setModified("large", 1_700_000_000_123);
  await run.run("put", "large");
  assertEquals(run.remote.lastPut.size, LARGE.length);
  assertEquals(run.remote.lastPut.modifiedMs, 1_700_000_000_123);
  run.remote.add("b", "there");
  await run.host.write("b", "x");
  assertEquals(await run.run("put", "b", "--if-absent"), 5);
  assertEquals(run.remote.text("b"), "there");
});

Deno.test("put --as gives a name, or with a slash what goes before the names", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", "1");
  await run.host.write("b", "2");
  await run.run("put", "a", "--as", "x/y");
  await run.run("put", "a", "b", "--as", "photos/");
  assertEquals(storedNames(run), ["photos/a", "photos/b", "x/y"]);
});

Deno.test("put - stores standard input, which needs a name", async () => {
  await using run = await CliRun.open();
  run.host.stdin = new Blob(["typed"]).stream();
  assertEquals(await run.run("put", "-", "--as", "in.txt"), 0);
  assertEquals(run.remote.text("in.txt"), "typed");
  assertEquals(run.remote.lastPut.size, undefined);
});

Deno.test("put refuses what it cannot mean, before it stores anything", async () => {
  await using run = await CliRun.open();
  for (const path of ["a", "b", "d/a"]) await run.host.write(path, path);
  const wrong: [string[], string][] = [
    [["d"], '"d" is a folder; add --recursive'],
    [["a", "b", "--as", "x"], 'Several files cannot all be named "x"; end it with a slash'],
    [["-r", "a", "d", "--as", "x"], 'Several files cannot all be named "x"'],
    [["-r", "d", "./d"], 'Both "d" and "./d" would be named "d"'],
    [["-r", "a", "d/."], 'Both "d/." and "a" would be named "a"'],
    [["-r", "d", "--if-version", "1"], "the version of one file"],
    [["a", "--dry-run"], "--dry-run is for folders; add --recursive"],
    [["a", "--exclude", "b"], "--exclude is for folders; add --recursive"],
    [["-r", "d", "--include", "/"], '--include "/" matches nothing'],
    [["a", "d/a"], 'Both "a" and "d/a" would be named "a"'],
    [["-"], "give it one with --as NAME"],
    [["-", "--as", "x/"], "is not the whole name"],
    [["-", "a", "--as", "x/"], "stands alone"],
    [["a", "--if-absent", "--if-version", "1"], "rule each other out"],
    [["a", "b", "--if-version", "1"], "the version of one file"],
    [["a", "--if-version", "0"], "is not a whole number"],
    [["a", "--meta", "x"], "is not KEY=VALUE"],
    [["/dev/null"], "neither a file nor a folder"],
    [[], "morsel put needs FILE…; see morsel put --help"],
  ];
  for (const [args, message] of wrong) {
    const before = run.err.length;
    assertEquals(await run.run("put", ...args), 2, args.join(" "));
    assertStringIncludes(run.err.slice(before), message);
  }
  assertEquals(run.remote.stored.size, 0);
});

Deno.test("put goes on past a file that fails, tells of each, and exits with 9", async () => {
  await using run = await CliRun.open();
  for (const path of ["a", "c"]) await run.host.write(path, path);
  run.remote.faults.set("put c", new MorselError("limit", "Too large"));
  assertEquals(await run.run("put", "a", "missing", "c"), 9);
  assertEquals(storedNames(run), ["a"]);
  assertEquals(
    run.err,
    'morsel: There is nothing at "missing"; check the path\nmorsel: c: Too large\n',
  );
});

Deno.test("put exits with the one reason when all files failed for it, and with 9 for several", async () => {
  await using run = await CliRun.open();
  for (const path of ["a", "b"]) await run.host.write(path, path);
  run.remote.faults.set("put a", new MorselError("conflict", "No"));
  assertEquals(await run.run("put", "a"), 5);
  run.remote.faults.set("put b", new MorselError("conflict", "No"));
  assertEquals(await run.run("put", "a", "b"), 5);
  run.remote.faults.set("put b", new MorselError("no_space", "Full"));
  assertEquals(await run.run("put", "a", "b"), 9);
  assertEquals(await run.run("put", "nope"), 4);
  assertEquals(await run.run("put", "nope", "neither"), 4);
});

Deno.test("put keeps 512 small files under way, four large ones, and 64 MiB of those in between", async () => {
  await using run = await CliRun.open();
  const names = (count: number, folder: string) =>
    Array.from({ length: count }, (_, index) => `${folder}/${index}`);
  for (const name of names(600, "small")) await run.host.write(name, "x");
  for (const name of names(9, "large")) {
    await run.host.write(name, new Uint8Array(16 * 1024 * 1024));
  }
  for (const name of names(30, "medium")) {
    await run.host.write(name, new Uint8Array(5 * 1024 * 1024));
  }
  run.remote.gather(512);
  assertEquals(await run.run("put", "-q", ...names(600, "small")), 0);
  assertEquals(run.remote.stored.size, 600);
  assertEquals(run.remote.mostUnderWay, 512);
  run.remote.mostUnderWay = 0;
  run.remote.gather(4);
  assertEquals(await run.run("put", "-q", ...names(9, "large")), 0);
  assertEquals(run.remote.mostUnderWay, 4);
  run.remote.mostUnderWay = 0;
  run.remote.gather(12);
  assertEquals(await run.run("put", "-q", ...names(30, "medium")), 0);
  assertEquals(run.remote.mostUnderWay, 12);
});

Deno.test("put keeps more under way the longer the way is, up to what a server takes", async () => {
  for (const [roundTripMs, atOnce] of [[10, 512], [50, 800], [100, 1024]] as const) {
    await using run = await CliRun.open();
    const names = Array.from({ length: 1100 }, (_, index) => `${index}`);
    for (const name of names) await run.host.write(name, "x");
    run.remote.roundTripMs = roundTripMs;
    run.remote.gather(atOnce);
    assertEquals(await run.run("put", "-q", ...names), 0);
    assertEquals(run.remote.mostUnderWay, atOnce);
  }
});

Deno.test("put tells of a lost connection once and leaves the rest out", async () => {
  await using run = await CliRun.open();
  const names = Array.from({ length: 200 }, (_, index) => String(index + 100));
  for (const name of names) {
    await run.host.write(name, "x");
    if (name !== "100") {
      run.remote.faults.set(`put ${name}`, new MorselError("connection", "The server is gone"));
    }
  }
  assertEquals(await run.run("put", ...names), 9);
  assertEquals(run.remote.stored.size, 1);
  const lines = run.err.trimEnd().split("\n");
  assertEquals(lines.length, 2);
  assertStringIncludes(lines[0]!, "morsel: The server is gone");
  assertEquals(lines[1], "morsel: 199 files were left out for that");
});

Deno.test("put without a connection fails with one line and exits with 8", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", "x");
  run.connectFault = new MorselError("connection", "Cannot connect to 127.0.0.1:1300: refused");
  assertEquals(await run.run("put", "a"), 8);
  assertEquals(
    run.err,
    "morsel: Cannot connect to 127.0.0.1:1300: refused; see that the server runs, " +
      "or name another with --server\n",
  );
});

Deno.test("put names the local file that cannot be read, and closes it", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", LARGE);
  const { files } = run.host;
  let closed = 0;
  run.host.files = {
    ...files,
    open: async (path, mode) => {
      const open = await files.open(path, mode);
      return {
        ...open,
        read: () => Promise.reject(systemError("EIO")),
        close: () => {
          closed++;
          return open.close();
        },
      };
    },
  };
  assertEquals(await run.run("put", "a"), 1);
  assertStringIncludes(run.err, 'morsel: Cannot read "a": EIO');
  assertEquals(closed, 1);
  await run.host.write("small", "x");
  run.host.files = { ...files, readWhole: () => Promise.reject(systemError("EIO")) };
  assertEquals(await run.run("put", "small"), 1);
  assertStringIncludes(run.err, 'morsel: Cannot read "small": EIO');
});

Deno.test("put of a file that is replaced by another one while it is sent stores the other one", async () => {
  await using run = await CliRun.open();
  const { files } = run.host;
  for (const size of [300_000, 200_001, 400_000]) {
    await run.host.write("f", "a".repeat(300_000));
    await run.host.write("new", "b".repeat(size));
    await files.setModified("new", 1_700_000_000_000);
    let isReplaced = false;
    run.remote.midway = async () => {
      if (!isReplaced) await files.rename("new", "f");
      isReplaced = true;
    };
    assertEquals(await run.run("put", "f"), 0);
    assertEquals(run.remote.text("f"), "b".repeat(size));
    assertEquals(run.remote.stored.get("f")!.info.modifiedMs, 1_700_000_000_000);
  }
});

Deno.test("put of a file that changes between the look and the reading stores it as it is then", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", "old");
  const { files } = run.host;
  let reads = 0;
  run.host.files = {
    ...files,
    readWhole: async (path, most) => {
      if (++reads === 1) {
        await run.host.write("a", "new and longer");
        await files.setModified("a", 1_700_000_000_000);
      }
      return await files.readWhole(path, most);
    },
  };
  assertEquals(await run.run("put", "a"), 0);
  assertEquals([reads, run.remote.text("a")], [2, "new and longer"]);
  assertEquals(run.remote.lastPut.modifiedMs, 1_700_000_000_000);
});

Deno.test("put of a file it may not read names the permission", async () => {
  await using run = await CliRun.open();
  const denied = notCapable('Requires read access to "a", run again with the --allow-read flag');
  run.host.files = { ...run.host.files, stat: () => Promise.reject(denied) };
  assertEquals(await run.run("put", "a"), 2);
  assertEquals(
    run.err,
    'morsel: Reading "a" is not permitted: run again with --allow-read, ' +
      "or with -A for all permissions\n",
  );
});

Deno.test("Ctrl-C ends put with 130, and SIGTERM with 143", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", "x");
  await run.host.write("b", "x");
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    run.remote.midway = () => {
      run.host.signal(signal);
      return new Promise(() => {});
    };
    assertEquals(await run.run("put", "a"), code);
    assertEquals(await run.run("put", "a", "b"), code);
  }
  assertEquals(run.err, "morsel: Stopped\n".repeat(4));
  assertEquals(run.remote.stored.size, 0);
  assertEquals(run.remote.isClosed, true);
  assertEquals(run.host.listens, false);
});

Deno.test("put shows progress on a terminal only, and not with --quiet or --json", async () => {
  for (
    const [args, isTerminal, shows] of [
      [[], true, true],
      [[], false, false],
      [["--quiet"], true, false],
      [["--json"], true, false],
    ] as const
  ) {
    await using run = await CliRun.open();
    await run.host.write("a", "x");
    run.host.stderr.isTerminal = isTerminal;
    run.remote.midway = () => run.clock.advance(1000);
    assertEquals(await run.run("put", "a", ...args), 0);
    assertEquals(run.err.includes("99%"), shows, `${args} ${isTerminal}`);
    assertEquals(run.err.includes("100%"), false);
    assertEquals(run.clock.timers, 0);
  }
});

Deno.test("put stores everything even when nobody reads its lines", async () => {
  await using run = await CliRun.open();
  for (const path of ["a", "b"]) await run.host.write(path, path);
  run.host.stdout.isUnread = true;
  assertEquals(await run.run("put", "a", "b"), 0);
  assertEquals(run.remote.stored.size, 2);
});

/** Sorted, as files that go side by side are stored in any order. */
function storedNames(run: CliRun): string[] {
  return [...run.remote.stored.keys()].sort();
}

Deno.test("Ctrl-C during a large put says that the same command goes on", async () => {
  await using run = await CliRun.open();
  await run.host.write("large", new Uint8Array(1_100_000));
  run.remote.midway = () => {
    run.host.signal("SIGINT");
    return new Promise(() => {});
  };
  assertEquals(await run.run("put", "large"), 130);
  assertEquals(run.err, "morsel: Stopped; the same command goes on from there\n");
});

Deno.test("put prints a shorter digest where the whole would not fit the terminal", async () => {
  await using run = await CliRun.open();
  await run.host.write("a", "x");
  for (const [isTerminal, width, digits] of [[true, 60, 12], [true, 120, 64], [false, 60, 64]]) {
    Object.assign(run.host.stdout, { isTerminal, width });
    const before = run.out.length;
    assertEquals(await run.run("put", "a"), 0);
    assertEquals(run.out.slice(before).trimEnd().split("  ").at(-1)!.length, digits);
  }
});
