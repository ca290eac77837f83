import { assertEquals } from "@std/assert";
import { describeFailure } from "../../lib/cli/failure.ts";
import { type TreeEntry, walkTree } from "../../lib/cli/local_tree.ts";
import { PathFilter } from "../../lib/cli/path_filter.ts";
import type { LocalFiles } from "../../lib/runtime/files.ts";
import { FakeHost } from "../support/fake_host.ts";
import { systemError } from "../support/cli_run.ts";

const ALL = new PathFilter([], []);

async function entriesOf(
  host: FakeHost,
  root = ".",
  { filter = ALL, files = host.files }: { filter?: PathFilter; files?: LocalFiles } = {},
): Promise<TreeEntry[]> {
  const { signal } = new AbortController();
  return await Array.fromAsync(walkTree(root, { files, filter, signal }));
}

/** One word for each entry. */
function shown(entry: TreeEntry): string {
  if (entry.kind === "file") return entry.name;
  if (entry.kind === "left out") return `${entry.name}: ${entry.reason}`;
  return `${entry.name}: ${describeFailure(entry.error).message}`;
}

Deno.test("a tree is walked in the order in which a server lists its names", async () => {
  await using host = await FakeHost.open();
  const names = ["a", "a!", "a-b/x", "a/b", "a/b.c", "a/b/c", "a0", "b", "é", "\uff21", "😀", "Z"];
  // In bytes of UTF-8, folders by their name and a slash.
  const expected = ["Z", "a!", "a-b/x", "a/b.c", "a/b/c", "a0", "b", "é", "\uff21", "😀"];
  for (const name of names) {
    if (!["a", "a/b"].includes(name)) await host.write(name, name);
  }
  assertEquals((await entriesOf(host)).map(shown), expected);
});

Deno.test("files come with their path, size and time, by thousands as by one", async () => {
  await using host = await FakeHost.open();
  const names = Array.from({ length: 300 }, (_, index) => `d/${index + 1000}`);
  for (const name of names) await host.write(name, name);
  await host.files.setModified("d/1000", 1_700_000_000_123);
  const entries = await entriesOf(host, "d");
  assertEquals(entries.map(({ path }) => path), names);
  assertEquals(entries[0], {
    kind: "file",
    name: "1000",
    path: "d/1000",
    key: "1000",
    size: 6,
    modifiedMs: 1_700_000_000_123,
  });
});

Deno.test("links and what is no file are left out, and the root may be a link all the same", async () => {
  await using host = await FakeHost.open();
  await host.write("d/a", "x");
  await host.write("elsewhere/b", "x");
  for (const [to, at] of [["a", "link"], ["../elsewhere", "folder"], ["nowhere", "broken"]]) {
    await Deno.symlink(to!, `${host.folder}/d/${at}`);
  }
  await Deno.symlink("d", `${host.folder}/root`);
  await new Deno.Command("mkfifo", { args: [`${host.folder}/d/pipe`] }).output();
  assertEquals((await entriesOf(host, "root")).map(shown), [
    "a",
    "broken: it is a link",
    "folder: it is a link",
    "link: it is a link",
    "pipe: it is neither a file nor a folder",
  ]);
});

Deno.test("what cannot be read is told and the rest goes on", async () => {
  await using host = await FakeHost.open();
  for (const name of ["a", "b/x", "c", "gone", "gone2/x"]) await host.write(name, name);
  const { files } = host;
  const entries = await entriesOf(host, ".", {
    files: {
      ...files,
      entries: (path) => {
        if (path === "./b") return Promise.reject(systemError("EACCES"));
        if (path === "./gone2") return Promise.reject(systemError("ENOENT"));
        return files.entries(path);
      },
      look: (path) => {
        if (path === "./c") return Promise.reject(systemError("EIO"));
        return path === "./gone" ? Promise.resolve(undefined) : files.look(path);
      },
    },
  });
  assertEquals(entries.map(shown), [
    "a",
    'b: Cannot read "./b" as the system denies access; check its permissions',
    'c: Cannot read "./c": EIO: failed',
    "gone: it is gone",
    "gone2: it is gone",
  ]);
  assertEquals((await entriesOf(host, "no")).map(shown), [
    ': There is nothing at "no"; check the path',
  ]);
});

Deno.test("names that the server cannot tell apart, or that are not Unicode, are told", async () => {
  await using host = await FakeHost.open();
  for (const name of ["e\u0301", "\u00e9", "d/e\u0301/x", "d/\u00e9/y", "\ufffd"]) {
    await host.write(name, name);
  }
  const script = `printf x > "$(printf 'bad\\377')"; mkdir "$(printf 'worse\\377')"`;
  await new Deno.Command("sh", { args: ["-c", script], cwd: host.folder }).output();
  const entries = await entriesOf(host);
  const because = "the server takes its name for that of its neighbour; rename it";
  const invalid = "its name is not valid Unicode; rename it";
  assertEquals(entries.filter(({ kind }) => kind === "file").length, 3);
  assertEquals(
    entries.filter(({ kind }) => kind === "failed").map(shown).map((line) => line.normalize("NFC")),
    [
      `bad\ufffd: "./bad\ufffd" can have no name on the server as ${invalid}`,
      `d/\u00e9: "./d/\u00e9" can have no name on the server as ${because}`,
      `worse\ufffd: "./worse\ufffd" can have no name on the server as ${invalid}`,
      `\u00e9: "./\u00e9" can have no name on the server as ${because}`,
    ],
  );
});

Deno.test("what is not wanted is not looked at, nor what is arriving", async () => {
  await using host = await FakeHost.open();
  const partial = ".a.0123456789abcdef.morsel-part";
  for (const name of ["a", "b.tmp", "tmp/x", "tmp/y/z", partial, `${partial}-hashes`]) {
    await host.write(name, name);
  }
  const read: string[] = [];
  const { files } = host;
  const entries = await entriesOf(host, ".", {
    filter: new PathFilter([], ["*.tmp", "tmp/"]),
    files: {
      ...files,
      entries: (path) => {
        read.push(path);
        return files.entries(path);
      },
    },
  });
  assertEquals(entries.map(shown), ["a"]);
  assertEquals(read, ["."]);
});
