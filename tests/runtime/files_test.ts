// The file system of the runtime, as far as the contract goes beyond the system's own.

import { assertEquals, assertRejects } from "@std/assert";
import { denoFiles } from "../../lib/runtime/deno_files.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { contentOf } from "../support/content.ts";

for (const [way, files] of [["node:fs", nodeFiles], ["Deno", denoFiles]] as const) {
  Deno.test(`${way}: files are read and written at positions`, async () => {
    await using folder = await newFolder();
    const path = `${folder.path}/a`;
    const content = contentOf(100_000);
    const created = await files.open(path, "create");
    await created.write(content.subarray(50_000), 50_000);
    await created.write(content.subarray(0, 50_000), 0);
    await created.sync();
    assertEquals(await created.size(), 100_000);
    await created.close();
    await created.close();

    const read = await files.open(path, "read");
    const into = new Uint8Array(60_000);
    assertEquals(await read.read(into, 1), 60_000);
    assertEquals(into, content.slice(1, 60_001));
    assertEquals(await read.read(into, 90_000), 10_000);
    assertEquals(await read.read(into, 100_000), 0);
    await read.close();

    const update = await files.open(path, "update");
    await update.truncate(10);
    await update.write(Uint8Array.of(1, 2), 9);
    assertEquals(await update.read(into, 8), 3);
    assertEquals(into.slice(0, 3), Uint8Array.of(content[8]!, 1, 2));
    await update.close();
  });

  Deno.test(`${way}: a file is created only where there is none, and opened only where there is one`, async () => {
    await using folder = await newFolder();
    const path = `${folder.path}/a`;
    for (const mode of ["read", "update"] as const) {
      assertEquals(await codeOf(files.open(path, mode)), "ENOENT");
    }
    await (await files.open(path, "create")).close();
    assertEquals(await codeOf(files.open(path, "create")), "EEXIST");
  });

  Deno.test(`${way}: what is at a path is told, and nothing is no error`, async () => {
    await using folder = await newFolder();
    const path = `${folder.path}/a`;
    assertEquals(await files.stat(path), undefined);
    const file = await files.open(path, "create");
    await file.write(contentOf(7), 0);
    await file.close();
    await files.setModified(path, 1_234_567_890_123);
    const { mode, ...told } = (await files.stat(path))!;
    assertEquals(told, { kind: "file", size: 7, modifiedMs: 1_234_567_890_123 });
    assertEquals(mode! & 0o600, 0o600);
    assertEquals(await files.stat(`${path}/below a file`), undefined);
    assertEquals((await files.stat(folder.path))?.kind, "folder");
    await files.remove(path);
    await files.remove(path);
    assertEquals(await files.stat(path), undefined);
  });

  Deno.test(`${way}: folders are made with those above, listed and synced`, async () => {
    await using folder = await newFolder();
    const path = `${folder.path}/b/c`;
    await files.makeFolder(path);
    await files.makeFolder(path);
    await (await files.open(`${path}/x`, "create")).close();
    await files.rename(`${path}/x`, `${path}/y`);
    await files.syncFolder(path);
    assertEquals(await files.list(path), ["y"]);
  });

  Deno.test(`${way}: a file is updated where it is, and never through a link`, async () => {
    await using folder = await newFolder();
    await Deno.writeTextFile(`${folder.path}/a`, "precious");
    await Deno.symlink("a", `${folder.path}/link`);
    assertEquals(await codeOf(files.open(`${folder.path}/link`, "update")), "ELOOP");
    await (await files.open(`${folder.path}/link`, "read")).close();
  });

  Deno.test({
    name: `${way}: a program that only creates needs permission to write and no other`,
    permissions: { write: true, read: false },
    fn: async () => {
      const path = `/tmp/morsel-test-${crypto.randomUUID()}`;
      const file = await files.open(path, "create");
      await file.write(contentOf(10), 0);
      await file.sync();
      assertEquals(await file.size(), 10);
      await file.close();
      await files.setModified(path, 5);
      const denied = await assertRejects(() => files.stat(path), Error);
      assertEquals(denied.name, "NotCapable");
      await files.remove(path);
    },
  });
}

async function codeOf(step: Promise<unknown>): Promise<unknown> {
  const error = await assertRejects(() => step, Error);
  return (error as { code?: unknown }).code;
}

async function newFolder() {
  const path = await Deno.makeTempDir({ prefix: "morsel-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
