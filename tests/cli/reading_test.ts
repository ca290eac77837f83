// cat, ls, stat and hash: the commands that print.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { CliRun } from "../support/cli_run.ts";

Deno.test("cat prints a file, or a range with its end left out or not", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "0123456789");
  const printed = async (...args: string[]) => {
    const before = run.out.length;
    assertEquals(await run.run("cat", "a", ...args), 0);
    return run.out.slice(before);
  };
  assertEquals(await printed(), "0123456789");
  assertEquals(await printed("--range", "2-5"), "234");
  assertEquals(await printed("--range", "7-"), "789");
  assertEquals(await printed("--range", "3-3"), "");
  assertEquals(run.err, "");
});

Deno.test("cat tells at the end of bytes that do not match, and exits with 7", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "0123456789");
  run.remote.damaged.add("a");
  assertEquals(await run.run("cat", "a"), 7);
  assertStringIncludes(run.err, "does not match its digest");
});

Deno.test("cat stops quietly when nobody reads any more", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x".repeat(10_000));
  let pieces = 0;
  run.remote.midway = () => Promise.resolve(void (run.host.stdout.isUnread = true));
  run.host.stdout.write = ((write) => (bytes: Uint8Array) => {
    pieces++;
    return write.call(run.host.stdout, bytes);
  })(run.host.stdout.write);
  assertEquals(await run.run("cat", "a"), 0);
  assertEquals(pieces <= 2, true, `${pieces} pieces`);
  assertEquals(run.err, "");
});

Deno.test("ls --delimiter jumps over the rest of a large folder within the page that it came in", async () => {
  await using run = await CliRun.open();
  for (const folder of ["a", "b", "c"]) {
    for (let index = 0; index < 1200; index++) run.remote.add(`${folder}/${index}`, "");
  }
  assertEquals(await run.run("ls", "-d", "/"), 0);
  assertEquals(run.out, "a/\nb/\nc/\n");
  assertEquals(run.remote.lists.length, 4);
  for (const { taken, pageSize } of run.remote.lists) {
    assertEquals(taken <= pageSize, true, `${taken} of pages of ${pageSize}`);
  }
});

Deno.test("cat gives the memory of what it has printed back before it prints on", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x".repeat(10_000));
  const given: Uint8Array[] = [];
  const { write } = run.host.stdout;
  run.host.stdout.write = (bytes) => {
    assertEquals(given.filter(({ buffer }) => buffer.byteLength > 0), []);
    given.push(bytes);
    return write.call(run.host.stdout, bytes);
  };
  assertEquals(await run.run("cat", "a"), 0);
  assertEquals(run.out.length, 10_000);
  assertEquals(given.length > 2, true, `${given.length} pieces`);
});

Deno.test("cat shows progress only when its bytes go elsewhere than to the terminal", async () => {
  for (const isTerminal of [true, false]) {
    await using run = await CliRun.open();
    run.remote.add("a", "0123456789");
    run.host.stderr.isTerminal = true;
    run.host.stdout.isTerminal = isTerminal;
    run.remote.midway = () => run.clock.advance(1000);
    assertEquals(await run.run("cat", "a"), 0);
    assertEquals(run.err.includes("%"), !isTerminal);
  }
});

Deno.test("ls prints names, with -l facts in columns, with --json objects", async () => {
  await using run = await CliRun.open();
  run.remote.add("photos/a.jpg", "x".repeat(1536));
  run.remote.add("photos/b.jpg", "");
  run.remote.add("readme", "hi");
  const printed = async (...args: string[]) => {
    const before = run.out.length;
    assertEquals(await run.run("ls", ...args), 0);
    return run.out.slice(before);
  };
  assertEquals(await printed(), "photos/a.jpg\nphotos/b.jpg\nreadme\n");
  assertEquals(await printed("photos/"), "photos/a.jpg\nphotos/b.jpg\n");
  const digest = (name: string) => run.remote.stored.get(name)!.info.digest.slice(0, 12);
  assertEquals(
    await printed("-l", "photos/"),
    ` 1.5 KiB  2026-01-02 03:04:05Z      v1  ${digest("photos/a.jpg")}  photos/a.jpg\n` +
      `     0 B  2026-01-02 03:04:05Z      v2  ${digest("photos/b.jpg")}  photos/b.jpg\n`,
  );
  const objects = (await printed("--json")).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(objects.map((file) => file.name), ["photos/a.jpg", "photos/b.jpg", "readme"]);
  assertEquals(await printed("none"), "");
});

Deno.test("ls -l --bytes prints sizes without a unit", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x".repeat(1536));
  assertEquals(await run.run("ls", "-lb"), 0);
  assertEquals(run.out.split(" ").filter((part) => part !== "")[0], "1536");
});

Deno.test("ls --delimiter prints one level, with folders once, and --recursive prints all", async () => {
  await using run = await CliRun.open();
  const names = ["a", "b/1", "b/2/x", "b/2/y", "b0", "c/1", "c//", "d"];
  for (const name of names) run.remote.add(name, "");
  const printed = async (...args: string[]) => {
    const before = run.out.length;
    assertEquals(await run.run("ls", ...args), 0);
    return run.out.slice(before).trimEnd().split("\n");
  };
  assertEquals(await printed("--recursive"), [...names].sort());
  assertEquals(await printed("--delimiter", "/"), ["a", "b/", "b0", "c/", "d"]);
  assertEquals(await printed("-d", "/", "b"), ["b/", "b0"]);
  assertEquals(await printed("-d", "/", "b/"), ["b/1", "b/2/"]);
  assertEquals(await printed("-d", "/", "c/"), ["c//", "c/1"]);
  assertEquals(await printed("-d", "/2", "b"), ["b/1", "b/2", "b0"]);
  const long = await printed("-ld", "/");
  assertEquals(long[1], `${"  folder".padEnd(long[0]!.length - 1)}b/`);
  assertEquals(JSON.parse((await printed("--json", "-d", "/"))[1]!), { folder: "b/" });
  assertEquals(await run.run("ls", "-r", "-d", "/"), 2);
  assertStringIncludes(run.err, "--recursive and --delimiter rule each other out");
});

Deno.test("ls --delimiter jumps over what is in a large folder", async () => {
  await using run = await CliRun.open();
  for (let index = 0; index < 5000; index++) run.remote.add(`a/${index}`, "");
  for (let index = 0; index < 1200; index++) run.remote.add(`b${index}/x`, "");
  run.remote.add("c\u0308/1", ""); // spelled with an accent of its own, and found under one letter
  let listed = 0;
  const { list } = run.remote;
  run.remote.list = async function* (options) {
    for await (const file of list.call(run.remote, options)) {
      listed++;
      yield file;
    }
  };
  assertEquals(await run.run("ls", "-d", "/"), 0);
  const lines = run.out.trimEnd().split("\n");
  assertEquals([lines.length, lines[0], lines[1], lines.at(-1)], [1202, "a/", "b0/", "c\u0308/"]);
  assertEquals(listed, 501 + 1200 + 1);
});

Deno.test("ls writes many names at once, and stops when nobody reads them", async () => {
  await using run = await CliRun.open();
  for (let index = 0; index < 1000; index++) run.remote.add(`${index}`, "");
  assertEquals(await run.run("ls"), 0);
  assertEquals(run.out.split("\n").length, 1001);
  assertEquals(run.host.stdout.writes.length, 4);
  run.host.stdout.isUnread = true;
  let asked = 0;
  const { list } = run.remote;
  run.remote.list = async function* (options) {
    for await (const file of list.call(run.remote, options)) {
      asked++;
      yield file;
    }
  };
  assertEquals(await run.run("ls"), 0);
  assertEquals(asked, 256);
  assertEquals(run.err, "");
});

Deno.test("what a server puts into names cannot steer the terminal", async () => {
  await using run = await CliRun.open();
  run.remote.add("a\x1b[2Jb", "", { metadata: { k: "\x07" } });
  await run.run("ls");
  await run.run("stat", "a\x1b[2Jb");
  assertEquals(run.out.includes("\x1b") || run.out.includes("\x07"), false);
});

Deno.test("stat prints what is known, one fact a line", async () => {
  await using run = await CliRun.open();
  const { digest } = run.remote.add("a", "x".repeat(2048), { metadata: { kind: "test" } });
  assertEquals(await run.run("stat", "a"), 0);
  assertEquals(
    run.out,
    "name       a\nversion    1\nsize       2,048 bytes (2.0 KiB)\n" +
      `digest     ${digest}\ncommitted  2026-01-02 03:04:05Z\nmodified   unknown\n` +
      "metadata   kind=test\n",
  );
  assertEquals(await run.run("stat", "nope"), 4);
});

Deno.test("stat --json prints all fields and no others", async () => {
  await using run = await CliRun.open();
  const info = run.remote.add("a", "x", { secret: 1 } as Record<string, unknown>);
  await run.run("stat", "a", "--json");
  const { name, version, size, digest, committedMs, modifiedMs, metadata } = info;
  assertEquals(JSON.parse(run.out), {
    name,
    version,
    size,
    digest,
    committedMs,
    modifiedMs,
    metadata,
  });
});

Deno.test("hash prints what put prints for the same content, without a server", async () => {
  await using run = await CliRun.open();
  const content = "0123456789".repeat(200_000);
  const { digest } = run.remote.add("a", content);
  await run.host.write("a", content);
  assertEquals(await run.run("hash", "a"), 0);
  run.host.stdin = new Blob([content]).stream();
  assertEquals(await run.run("hash", "-"), 0);
  assertEquals(run.out, `${digest}  a\n${digest}  -\n`);
  assertEquals(await run.run("hash", "a", "--json"), 0);
  assertEquals(JSON.parse(run.out.split("\n")[2]!), { path: "a", size: 2_000_000, digest });
  assertEquals(run.address, undefined);
});

Deno.test("hash of what is not there exits with 4, of a folder with 1", async () => {
  await using run = await CliRun.open();
  assertEquals(await run.run("hash", "nope"), 4);
  assertEquals(await run.run("hash", "."), 1);
  assertEquals(
    run.err,
    'morsel: There is nothing at "nope"; check the path\n' +
      'morsel: Cannot read "." as it is a folder; name a file\n',
  );
});

Deno.test("Ctrl-C ends hash while it waits for somebody to type", async () => {
  await using run = await CliRun.open();
  run.host.stdin = new ReadableStream({
    pull: () => {
      run.host.signal("SIGINT");
      return new Promise(() => {});
    },
  });
  assertEquals(await run.run("hash", "-"), 130);
});
