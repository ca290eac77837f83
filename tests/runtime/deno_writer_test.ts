// Patient writes on Deno: the rest of the program goes on meanwhile, and bytes land where they belong.

import { assert, assertEquals } from "@std/assert";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { DenoWriter } from "../../lib/runtime/deno_writer.ts";
import { contentOf } from "../support/content.ts";

Deno.test("the rest of the program goes on while a patient write is under way", async () => {
  await using opened = await openNew();
  const writer = new DenoWriter(opened.path, opened.handle);
  // The system takes some milliseconds to copy so much, in which an event loop that is free comes round often.
  const bytes = new Uint8Array(128 * 1024 * 1024);
  let isWritten = false;
  const writing = writer.write(bytes, 0).then(() => isWritten = true);
  let rounds = 0;
  for (; !isWritten; rounds++) await setImmediate();
  await writing;
  writer.close();
  assert(rounds > 20, `${rounds} rounds of the event loop`);
});

Deno.test("patient writes that are made at the same time land at their positions", async () => {
  await using opened = await openNew();
  const writer = new DenoWriter(opened.path, opened.handle);
  const content = contentOf(1_000_000);
  const starts = [...content.keys()].filter((start) => start % 10_000 === 0).reverse();
  const counts = await Promise.all(
    starts.map((start) => writer.write(content.subarray(start, start + 10_000), start)),
  );
  writer.close();
  assertEquals(new Set(counts), new Set([10_000]));
  assertEquals(await Deno.readFile(opened.path), content);
});

Deno.test("a patient write goes to the file that is open, whatever has its path by now", async () => {
  await using opened = await openNew();
  const { path, handle } = opened;
  await Deno.rename(path, `${path} moved`);
  await Deno.writeTextFile(path, "another");
  for (const there of [true, false]) {
    const writer = new DenoWriter(path, handle);
    assertEquals(await writer.write(Uint8Array.of(1, 2, 3), 2), 3);
    writer.close();
    assertEquals(await Deno.readFile(`${path} moved`), Uint8Array.of(0, 0, 1, 2, 3));
    if (there) assertEquals(await Deno.readTextFile(path), "another");
    if (there) await Deno.remove(path);
  }
});

interface OpenedFile extends AsyncDisposable {
  readonly path: string;
  readonly handle: FileHandle;
}

async function openNew(): Promise<OpenedFile> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/file`;
  const handle = await open(path, "wx");
  return {
    path,
    handle,
    async [Symbol.asyncDispose]() {
      await handle.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
