// The file system of the runtime, as far as the contract goes beyond the system's own.

import { assertEquals, assertRejects } from "@std/assert";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { contentOf } from "../support/content.ts";

Deno.test("files are read and written at positions", async () => {
  await using folder = await newFolder();
  const path = `${folder.path}/a`;
  const content = contentOf(100_000);
  const created = await nodeFiles.open(path, "create");
  await created.write(content.subarray(50_000), 50_000);
  await created.write(content.subarray(0, 50_000), 0);
  await created.sync();
  assertEquals(await created.size(), 100_000);
  await created.close();
  await created.close();

  const read = await nodeFiles.open(path, "read");
  const into = new Uint8Array(60_000);
  assertEquals(await read.read(into, 1), 60_000);
  assertEquals(into, content.slice(1, 60_001));
  assertEquals(await read.read(into, 90_000), 10_000);
  assertEquals(await read.read(into, 100_000), 0);
  await read.close();

  const update = await nodeFiles.open(path, "update");
  await update.truncate(10);
  await update.write(Uint8Array.of(1, 2), 9);
  assertEquals(await update.read(into, 8), 3);
  assertEquals(into.slice(0, 3), Uint8Array.of(content[8]!, 1, 2));
  await update.close();
});

Deno.test("a file is created only where there is none, and opened only where there is one", async () => {
  await using folder = await newFolder();
  const path = `${folder.path}/a`;
  for (const mode of ["read", "update"] as const) {
    assertEquals(await codeOf(nodeFiles.open(path, mode)), "ENOENT");
  }
  await (await nodeFiles.open(path, "create")).close();
  assertEquals(await codeOf(nodeFiles.open(path, "create")), "EEXIST");
});

Deno.test("what is at a path is told, and nothing is no error", async () => {
  await using folder = await newFolder();
  const path = `${folder.path}/a`;
  assertEquals(await nodeFiles.stat(path), undefined);
  const file = await nodeFiles.open(path, "create");
  await file.write(contentOf(7), 0);
  await file.close();
  await nodeFiles.setModified(path, 1_234_567_890_123);
  const { mode, ...told } = (await nodeFiles.stat(path))!;
  assertEquals(told, { kind: "file", size: 7, modifiedMs: 1_234_567_890_123 });
  assertEquals(mode! & 0o600, 0o600);
  assertEquals(await nodeFiles.stat(`${path}/below a file`), undefined);
  assertEquals((await nodeFiles.stat(folder.path))?.kind, "folder");
  await nodeFiles.remove(path);
  await nodeFiles.remove(path);
  assertEquals(await nodeFiles.stat(path), undefined);
});

Deno.test("folders are made with those above, listed and synced", async () => {
  await using folder = await newFolder();
  const path = `${folder.path}/b/c`;
  await nodeFiles.makeFolder(path);
  await nodeFiles.makeFolder(path);
  await (await nodeFiles.open(`${path}/x`, "create")).close();
  await nodeFiles.rename(`${path}/x`, `${path}/y`);
  await nodeFiles.syncFolder(path);
  assertEquals(await nodeFiles.list(path), ["y"]);
});

Deno.test("a file is updated where it is, and never through a link", async () => {
  await using folder = await newFolder();
  await Deno.writeTextFile(`${folder.path}/a`, "precious");
  await Deno.symlink("a", `${folder.path}/link`);
  assertEquals(await codeOf(nodeFiles.open(`${folder.path}/link`, "update")), "ELOOP");
  await (await nodeFiles.open(`${folder.path}/link`, "read")).close();
});

Deno.test({
  name: "a program that only creates needs permission to write and no other",
  permissions: { write: true, read: false },
  fn: async () => {
    const path = `/tmp/morsel-test-${crypto.randomUUID()}`;
    const file = await nodeFiles.open(path, "create");
    await file.write(contentOf(10), 0);
    await file.sync();
    assertEquals(await file.size(), 10);
    await file.close();
    await nodeFiles.setModified(path, 5);
    const denied = await assertRejects(() => nodeFiles.stat(path), Error);
    assertEquals(denied.name, "NotCapable");
    await nodeFiles.remove(path);
  },
});

async function codeOf(step: Promise<unknown>): Promise<unknown> {
  const error = await assertRejects(() => step, Error);
  return (error as { code?: unknown }).code;
}

async function newFolder() {
  const path = await Deno.makeTempDir({ prefix: "morsel-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
