// The file system for programs with many small files, all ways it has of calling the system.

import { assertEquals, assertRejects } from "@std/assert";
import type { LocalFiles } from "../../lib/runtime/files.ts";
import { denoFiles } from "../../lib/runtime/deno_files.ts";
import { denoSmallFiles } from "../../lib/runtime/deno_small_files.ts";
import { localFiles } from "../../lib/runtime/local_files.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { nodeSmallFiles } from "../../lib/runtime/node_small_files.ts";
import { contentOf } from "../support/content.ts";

// A clock that stands still calls everything quick, one that leaps calls everything slow.
let leaps = 0;
const CLOCKS = {
  quick: { monotonicMs: () => 0 },
  patient: { monotonicMs: () => leaps += 1000 },
};
const CALLS = {
  "node:fs": { files: nodeFiles, small: nodeSmallFiles },
  Deno: { files: denoFiles, small: denoSmallFiles },
};
const WAYS = Object.entries(CLOCKS).flatMap(([way, clock]) =>
  Object.entries(CALLS).map(([name, calls]) => ({
    way: `${way} by ${name}`,
    files: localFiles(clock, calls),
  }))
);

for (const { way, files } of WAYS) {
  Deno.test(`local files, ${way}: what is there is told without following links`, async () => {
    await using folder = await newFolder(files);
    const { path } = folder;
    await Deno.writeTextFile(`${path}/file`, "12345");
    await Deno.mkdir(`${path}/folder`);
    await Deno.symlink("nowhere", `${path}/link`);
    await Deno.writeFile(`${path}/\ufffd`, Uint8Array.of(1));
    await new Deno.Command("mkfifo", { args: [`${path}/pipe`] }).output();
    const entries = await files.entries(path);
    assertEquals(entries.toSorted((a, b) => a.name < b.name ? -1 : 1), [
      { name: "file", kind: "file" },
      { name: "folder", kind: "folder" },
      { name: "link", kind: "link" },
      { name: "pipe", kind: "other" },
      { name: "\ufffd", kind: "file" },
    ]);
    for (const { name, kind } of entries) {
      assertEquals((await files.look(`${path}/${name}`))?.kind, kind);
    }
    assertEquals((await files.look(`${path}/file`))?.size, 5);
    assertEquals(await files.look(`${path}/nope`), undefined);
    assertEquals(await files.look(`${path}/file/below`), undefined);
    assertEquals(await codeOf(files.entries(`${path}/nope`)), "ENOENT");
    assertEquals(await codeOf(files.entries(`${path}/file`)), "ENOTDIR");
  });

  Deno.test(`local files, ${way}: a small file is read whole, a larger one a byte further`, async () => {
    await using folder = await newFolder(files);
    const path = `${folder.path}/a`;
    const content = contentOf(1000);
    await Deno.writeFile(path, content);
    await files.setModified(path, 1_700_000_000_123);
    assertEquals(await files.readWhole(path, 1000), {
      bytes: content,
      modifiedMs: 1_700_000_000_123,
    });
    assertEquals((await files.readWhole(path, 5000)).bytes, content);
    assertEquals((await files.readWhole(path, 999)).bytes.length, 1000);
    assertEquals((await files.readWhole(path, 10)).bytes, content.slice(0, 11));
    assertEquals(await codeOf(files.readWhole(`${folder.path}/b`, 10)), "ENOENT");
  });

  Deno.test(`local files, ${way}: a file is placed whole, and never through what another run writes`, async () => {
    await using folder = await newFolder(files);
    const [target, temporary] = [`${folder.path}/a`, `${folder.path}/.a.part`];
    const content = contentOf(1000);
    for (const sync of [false, true]) {
      const whole = { bytes: content, modifiedMs: 1_700_000_000_123 };
      await Deno.writeTextFile(temporary, "half of what another run writes");
      assertEquals(await codeOf(files.place(whole, { target, temporary, sync })), "EEXIST");
      assertEquals(await Deno.readTextFile(temporary), "half of what another run writes");
      await Deno.remove(temporary);
      await files.place(whole, { target, temporary, sync });
      assertEquals(await Deno.readFile(target), content);
      assertEquals((await files.look(target))?.modifiedMs, 1_700_000_000_123);
      assertEquals((await files.entries(folder.path)).length, 1);
    }
  });

  Deno.test(`local files, ${way}: a file takes the place of a link, and leaves what it led to`, async () => {
    await using folder = await newFolder(files);
    const { path } = folder;
    await Deno.writeTextFile(`${path}/precious`, "old");
    await Deno.symlink("precious", `${path}/target`);
    const whole = { bytes: contentOf(3), modifiedMs: 0 };
    const placement = {
      target: `${path}/target`,
      temporary: `${path}/temporary`,
      sync: false,
    };
    await files.place(whole, placement);
    assertEquals(await Deno.readTextFile(`${path}/precious`), "old");
    assertEquals((await files.look(`${path}/target`))?.kind, "file");
  });

  Deno.test(`local files, ${way}: a file that cannot be placed leaves nothing behind`, async () => {
    await using folder = await newFolder(files);
    const { path } = folder;
    await Deno.mkdir(`${path}/target`);
    const whole = { bytes: contentOf(3), modifiedMs: 0 };
    for (const sync of [false, true]) {
      const placement = {
        target: `${path}/target`,
        temporary: `${path}/temporary`,
        sync,
      };
      assertEquals(await codeOf(files.place(whole, placement)), "EISDIR");
      assertEquals((await files.entries(path)).length, 1);
    }
    const nowhere = {
      target: `${path}/no/a`,
      temporary: `${path}/no/b`,
      sync: false,
    };
    assertEquals(await codeOf(files.place(whole, nowhere)), "ENOENT");
    await files.removeFolder(`${path}/target`);
    assertEquals(await codeOf(files.removeFolder(`${path}/target`)), "ENOENT");
  });
}

Deno.test("a folder is removed only when it is empty", async () => {
  const { files } = WAYS[0]!;
  await using folder = await newFolder(files);
  await Deno.mkdir(`${folder.path}/a/b`, { recursive: true });
  assertEquals(await codeOf(files.removeFolder(`${folder.path}/a`)), "ENOTEMPTY");
  await files.removeFolder(`${folder.path}/a/b`);
  await files.removeFolder(`${folder.path}/a`);
  assertEquals(await files.entries(folder.path), []);
});

async function codeOf(step: Promise<unknown>): Promise<unknown> {
  const error = await assertRejects(() => step, Error);
  return (error as { code?: unknown }).code;
}

async function newFolder(files: LocalFiles) {
  const path = await Deno.makeTempDir({ prefix: "morsel-test-" });
  // Calls enough of each kind for the patient way to be taken from here on.
  for (let call = 0; call < 8; call++) {
    await files.look(path);
    await files.entries(path);
    await files.readWhole(path, 0).catch(() => {});
    const placement = {
      target: `${path}/no/a`,
      temporary: `${path}/no/b`,
      sync: false,
    };
    await files.place({ bytes: new Uint8Array(0), modifiedMs: 0 }, placement).catch(() => {});
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
