import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { BLOCK_SIZE, leafHash } from "../../lib/base/merkle.ts";
import type { OpenFile } from "../../lib/runtime/files.ts";
import { CliRun, systemError } from "../support/cli_run.ts";

const CONTENT = "Hello, bytes of the file!";
/** More than is held in memory until it is all there. */
const LARGE = "large ".repeat(50_000);

async function opened(): Promise<CliRun> {
  const run = await CliRun.open();
  run.remote.add("photos/a.txt", CONTENT, { modifiedMs: 1_700_000_000_000 });
  run.remote.add("photos/large", LARGE, { modifiedMs: 1_700_000_000_123 });
  run.remote.pieceSize = 100_000;
  return run;
}

Deno.test("get writes the last part of the name here, with the time of the source", async () => {
  await using run = await opened();
  assertEquals(await run.run("get", "photos/a.txt"), 0);
  assertEquals(await run.host.names(), ["a.txt"]);
  assertEquals(await run.host.read("a.txt"), CONTENT);
  assertEquals((await run.host.files.stat("a.txt"))?.modifiedMs, 1_700_000_000_000);
  assertMatch(run.out, /^a\.txt {2}v1 {2}25 B {2}[0-9a-f]{64}\n$/);
  assertEquals([run.err, run.remote.isClosed], ["", true]);
});

Deno.test("get -o writes to a path, into a folder, or to standard output", async () => {
  await using run = await opened();
  await run.host.files.makeFolder("here/a");
  await run.run("get", "photos/a.txt", "-o", "b.txt");
  await run.run("get", "photos/a.txt", "-o", "here/c.txt");
  await run.run("get", "photos/a.txt", "-o", "here");
  await run.run("get", "photos/a.txt", "-o", "here/a/");
  for (const path of ["b.txt", "here/c.txt", "here/a.txt", "here/a/a.txt"]) {
    assertEquals(await run.host.read(path), CONTENT, path);
  }
  const before = run.out.length;
  await run.run("get", "photos/a.txt", "-o", "-");
  assertEquals(run.out.slice(before), CONTENT);
});

Deno.test("get prints an object with the path with --json, and nothing with --quiet", async () => {
  await using run = await opened();
  await run.run("get", "photos/a.txt", "--quiet");
  assertEquals(run.out, "");
  await run.run("get", "photos/a.txt", "-o", "x", "--json", "--chunk-size", "7");
  const { name, size, path } = JSON.parse(run.out);
  assertEquals({ name, size, path }, { name: "photos/a.txt", size: 25, path: "x" });
  assertEquals(run.remote.lastGet.chunkSize, 7);
});

Deno.test("get never takes a name that leads elsewhere for a file name", async () => {
  await using run = await opened();
  for (const name of ["..", ".", "a/..", "a/", "", "/"]) {
    const before = run.err.length;
    assertEquals(await run.run("get", "--", name), 2, name);
    assertStringIncludes(run.err.slice(before), "choose one with -o");
  }
  assertEquals(await run.host.names(), []);
  assertEquals(run.address, undefined);
  run.remote.add("../../up", "x");
  await run.run("get", "../../up");
  assertEquals(await run.host.names(), ["up"]);
  run.remote.add("a/..", "y");
  await run.run("get", "a/..", "-o", "dots");
  assertEquals(await run.host.read("dots"), "y");
});

Deno.test("get on Windows refuses the names of devices and what Windows reads otherwise", async () => {
  await using run = await opened();
  run.host.windows = true;
  const names = ["nul", "CON.txt", "com1", "a:stream", "a?", "dot.", "space ", "x\\y", "..\\y"];
  for (const name of [...names, "C:", "c:x", "a/C:\\y"]) {
    run.remote.add(name, "x");
    assertEquals(await run.run("get", name), 2, name);
  }
  assertEquals(await run.host.names(), []);
  assertEquals(await run.run("get", "photos/a.txt"), 0);
});

Deno.test("get elsewhere takes what only Windows reads otherwise for the name that it is", async () => {
  await using run = await opened();
  for (const name of ["a\\b", "C:x", "nul"]) {
    run.remote.add(name, name);
    assertEquals(await run.run("get", name), 0);
    assertEquals(await run.host.read(name), name);
  }
});

Deno.test("get refuses a target that is a folder or a device, before it asks the server", async () => {
  await using run = await opened();
  await run.host.files.makeFolder("a.txt");
  assertEquals(await run.run("get", "photos/a.txt"), 2);
  assertStringIncludes(run.err, '"a.txt" is a folder; choose another place with -o');
  assertEquals(await run.run("get", "photos/a.txt", "-o", "/dev/null"), 2);
  assertStringIncludes(run.err, '"/dev/null" is not a file; write -o -');
  assertEquals(run.address, undefined);
});

Deno.test("get names the folder that is missing", async () => {
  await using run = await opened();
  assertEquals(await run.run("get", "photos/a.txt", "-o", "no/such"), 4);
  assertStringIncludes(run.err, 'There is no folder to write "no/such" in; make it first');
  assertEquals(await run.run("get", "photos/a.txt", "-o", "no/"), 4);
});

Deno.test("get of a file that is not there makes nothing", async () => {
  await using run = await opened();
  assertEquals(await run.run("get", "nope"), 4);
  assertEquals(run.err, 'morsel: There is no file "nope"; morsel ls shows the names\n');
  assertEquals(await run.host.names(), []);
});

/** What can go wrong between the first byte and the last, each with its exit code. */
const TROUBLES: [string, number, (run: CliRun, name: string) => void][] = [
  ["the bytes do not match", 7, (run, name) => run.remote.damaged.add(name)],
  ["the connection is lost", 8, (run, name) => {
    run.remote.faults.set(`download ${name}`, new MorselError("connection", "Lost"));
  }],
  ["Ctrl-C", 130, (run) => {
    run.remote.midway = () => {
      run.host.signal("SIGINT");
      return new Promise(() => {});
    };
  }],
  ["the disk is full", 6, (run) => {
    breakOpenFiles(run, { write: () => Promise.reject(systemError("ENOSPC")) });
    run.host.files = { ...run.host.files, place: () => Promise.reject(systemError("ENOSPC")) };
  }],
  ["the disk fails to sync", 1, (run) => {
    breakOpenFiles(run, { sync: () => Promise.reject(systemError("EIO")) });
    run.host.files = { ...run.host.files, place: () => Promise.reject(systemError("EIO")) };
  }],
  ["the file cannot be closed, as where a disk far away is full", 6, (run) => {
    breakOpenFiles(run, { close: () => Promise.reject(systemError("EDQUOT")) });
    run.host.files = { ...run.host.files, place: () => Promise.reject(systemError("EDQUOT")) };
  }],
  ["the rename fails", 1, (run) => {
    const rename = () => Promise.reject(systemError("EACCES"));
    run.host.files = { ...run.host.files, rename, place: rename };
  }],
];

function breakOpenFiles(run: CliRun, broken: Partial<OpenFile>): void {
  const { files } = run.host;
  run.host.files = {
    ...files,
    open: async (path, mode) => {
      const open = await files.open(path, mode);
      return {
        read: (into, position) => open.read(into, position),
        write: (bytes, position) => open.write(bytes, position),
        sync: () => open.sync(),
        truncate: (size) => open.truncate(size),
        size: () => open.size(),
        isInPlace: () => open.isInPlace(),
        close: () => open.close(),
        ...broken,
      };
    },
  };
}

for (const [what, exitCode, cause] of TROUBLES) {
  for (const file of ["a.txt", "large"]) {
    Deno.test(`get of ${file} leaves the old file and nothing else when ${what}`, async () => {
      await using run = await opened();
      await run.host.write(file, "old");
      cause(run, `photos/${file}`);
      assertEquals(await run.run("get", `photos/${file}`), exitCode);
      assertEquals(await run.host.names(), [file]);
      assertEquals(await run.host.read(file), "old");
      assertEquals(run.out, "");
      assertEquals(run.err.trimEnd().split("\n").length, 1, run.err);
    });
  }
}

Deno.test("get writes a large file to a hidden one beside the target until the end", async () => {
  await using run = await opened();
  const long = "x".repeat(250);
  run.remote.add(long, LARGE);
  const meanwhile: string[] = [];
  run.remote.midway = async () => {
    meanwhile.push(...await run.host.names());
  };
  assertEquals(await run.run("get", "photos/large"), 0);
  assertEquals(await run.run("get", long), 0);
  const shown = meanwhile.map((name) =>
    name.replace(/[0-9a-f]{16}/, "DIGEST").replace(/~[0-9a-f]{8}/, "~HASH")
  ).sort();
  const long31 = "x".repeat(31);
  assertEquals(shown, [
    ".large.DIGEST.morsel-part",
    ".large.DIGEST.morsel-part-hashes",
    `.${long31}~HASH.DIGEST.morsel-part`,
    `.${long31}~HASH.DIGEST.morsel-part-hashes`,
    "large",
  ]);
  assertEquals((await run.host.files.stat("large"))?.modifiedMs, 1_700_000_000_123);
});

Deno.test("get that another one of the same file has overtaken is done as well, unless the file is another one", async () => {
  await using run = await opened();
  const { files } = run.host;
  for (const [content, code] of [[LARGE, 0], [LARGE.toUpperCase(), 5]] as const) {
    for (const isThird of [false, true]) {
      run.remote.midway = async () => {
        const partial = (await run.host.names()).find((name) => name.endsWith(".morsel-part"));
        if (!partial) return;
        await run.host.write(partial, content);
        await files.rename(partial, "large");
        // A third run has begun anew by then, and is not to be disturbed.
        if (isThird) await run.host.write(partial, "half");
      };
      assertEquals(await run.run("get", "photos/large"), code);
      assertEquals(await run.host.read("large"), content);
      if (code === 0) assertEquals((await files.stat("large"))?.modifiedMs, 1_700_000_000_123);
      const left = (await run.host.names()).filter((name) => name.endsWith(".morsel-part"));
      assertEquals(left.length, isThird ? 1 : 0);
      for (const name of left) {
        assertEquals(await run.host.read(name), "half");
        await files.remove(name);
      }
    }
  }
  assertStringIncludes(run.err, 'Another run has taken away what was fetched of "large"');
});

Deno.test("get leaves nothing behind the end of a file that was said to be longer before", async () => {
  await using run = await opened();
  run.remote.midway = async () => {
    const partial = (await run.host.names()).find((name) => name.endsWith(".morsel-part"))!;
    await Deno.writeTextFile(`${run.host.folder}/${partial}`, "x".repeat(900_000));
  };
  assertEquals(await run.run("get", "photos/large"), 0);
  assertEquals((await run.host.files.stat("large"))?.size, LARGE.length);
});

Deno.test("get --connections does not believe that a file is empty before that is proven", async () => {
  await using run = await opened();
  run.remote.add("empty", "");
  run.remote.damaged.add("empty");
  assertEquals(await run.run("get", "empty", "--connections", "2"), 7);
  assertEquals(await run.host.names(), []);
});

Deno.test("get writes a small file under a name first that no other run has", async () => {
  await using run = await opened();
  const { files } = run.host;
  const names: string[] = [];
  run.host.files = {
    ...files,
    place: (file, placement) => {
      names.push(placement.temporary);
      return files.place(file, placement);
    },
  };
  for (let turn = 0; turn < 2; turn++) assertEquals(await run.run("get", "photos/a.txt"), 0);
  for (const name of names) assertMatch(name, /^\.a\.txt\.[0-9a-f]{16}\.morsel-part$/);
  assertEquals(new Set(names).size, 2);
});

Deno.test("get has nothing of a small file on disk before all of it has arrived", async () => {
  await using run = await opened();
  let meanwhile: string[] = ["not looked"];
  run.remote.midway = async () => {
    meanwhile = await run.host.names();
  };
  assertEquals(await run.run("get", "photos/a.txt"), 0);
  assertEquals([meanwhile, await run.host.names()], [[], ["a.txt"]]);
});

Deno.test("get does not write through a link that lies where its partial file goes", async () => {
  await using run = await opened();
  run.remote.pieceSize = 100_000;
  for (const name of ["photos/large", "photos/a.txt"]) {
    const file = name.slice("photos/".length);
    const { digest } = await run.remote.stat(name);
    for (const end of ["", "-hashes"]) {
      await run.host.write("elsewhere", "precious");
      const part = `.${file}.${digest.slice(0, 16)}.morsel-part${end}`;
      await Deno.symlink("elsewhere", `${run.host.folder}/${part}`);
    }
    assertEquals(await run.run("get", name), 0);
    assertEquals(await run.host.read("elsewhere"), "precious");
    const expected = name === "photos/large" ? LARGE : CONTENT;
    assertEquals(await run.host.read(file), expected);
  }
});

Deno.test("get replaces a link to elsewhere and does not write through it", async () => {
  await using run = await opened();
  await run.host.write("elsewhere/target", "old");
  await Deno.symlink("elsewhere/target", `${run.host.folder}/a.txt`);
  assertEquals(await run.run("get", "photos/a.txt"), 0);
  assertEquals(await run.host.read("elsewhere/target"), "old");
  assertEquals(await run.host.read("a.txt"), CONTENT);
});

Deno.test("get keeps the file when its time cannot be set", async () => {
  await using run = await opened();
  run.host.files = {
    ...run.host.files,
    setModified: () => Promise.reject(systemError("EPERM")),
  };
  assertEquals(await run.run("get", "photos/a.txt"), 0);
  assertEquals(await run.host.read("a.txt"), CONTENT);
});

Deno.test("get goes on later even behind what was proven before the local file was open", async () => {
  await using run = await opened();
  const content = "x".repeat(5 * BLOCK_SIZE);
  const file = run.remote.add("large", content);
  const block = new TextEncoder().encode(content).subarray(0, BLOCK_SIZE);
  const getRest = run.remote.get.bind(run.remote);
  run.remote.get = (name, options = {}) => {
    if (options.start !== undefined) return getRest(name, options);
    options.onProven?.(BLOCK_SIZE, leafHash(block));
    return Promise.resolve({
      file,
      copyTo: async (sink) => {
        await sink.write(block, 0);
        throw new MorselError("connection", "Lost");
      },
      readable: new ReadableStream(),
      bytes: () => Promise.resolve(block),
      cancel: () => Promise.resolve(),
    });
  };
  assertEquals(await run.run("get", "large"), 8);
  assertEquals(await run.run("get", "large"), 0);
  assertStringIncludes(run.err, 'morsel: "large": resuming at 20 %\n');
  assertEquals(run.remote.lastGet.start, BLOCK_SIZE);
  assertEquals(await run.host.read("large"), content);
});
