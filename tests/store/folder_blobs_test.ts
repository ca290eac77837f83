// What only blobs in a folder do: what they make durable, in which order, and what a full disk is.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import type { Files, OpenFile } from "../../lib/runtime/files.ts";
import { FolderBlobs } from "../../lib/store/folder_blobs.ts";
import { contentOf } from "../support/content.ts";

const ID = "ab00000000000000000000000000cdef";
const OTHER = "ab11111111111111111111111111cdef";

Deno.test("a published blob and the folders that lead to it are on stable storage", async () => {
  await using temporary = await newFolder();
  const { files, calls } = recorded(temporary.path);
  const blobs = await FolderBlobs.open(temporary.path, files);
  assertEquals(calls.splice(0), ["makeFolder uploads", "makeFolder blobs", "syncFolder ."]);
  const writer = await blobs.create(ID);
  await writer.write(contentOf(10), 0);
  await writer.sync();
  await writer.write(contentOf(10), 10);
  await writer.sync();
  await writer.close();
  assertEquals(calls.splice(0), [
    ...[`open uploads/${ID}`, "write", "sync", "syncFolder uploads"],
    // The entry is durable by now.
    ...["write", "sync"],
  ]);
  await blobs.publish(ID);
  assertEquals(calls.splice(0), [
    ...["makeFolder blobs/ab", "syncFolder blobs"],
    `rename uploads/${ID} blobs/ab/${ID}`,
    ...["syncFolder blobs/ab", `remove uploads/${ID}`, "syncFolder uploads"],
  ]);
  await (await blobs.create(OTHER)).close();
  calls.length = 0;
  await blobs.publish(OTHER);
  assertEquals(calls.splice(0), [
    `rename uploads/${OTHER} blobs/ab/${OTHER}`,
    ...["syncFolder blobs/ab", `remove uploads/${OTHER}`, "syncFolder uploads"],
  ]);
  await blobs.withdraw(OTHER);
  assertEquals(calls.splice(0), [
    `rename blobs/ab/${OTHER} uploads/${OTHER}`,
    ...["syncFolder uploads", "syncFolder blobs/ab"],
  ]);
  await blobs.remove(ID);
  assertEquals(calls.splice(0), [
    `remove uploads/${ID}`,
    ...[`remove blobs/ab/${ID}`, "syncFolder blobs/ab"],
  ]);
});

Deno.test("a blob that a crash has left under both names is under one once published", async () => {
  await using temporary = await newFolder();
  const blobs = await FolderBlobs.open(temporary.path, nodeFiles);
  const writer = await blobs.create(ID);
  await writer.write(contentOf(10), 0);
  await writer.close();
  await Deno.mkdir(`${temporary.path}/blobs/ab`);
  await Deno.link(`${temporary.path}/uploads/${ID}`, `${temporary.path}/blobs/ab/${ID}`);
  await blobs.publish(ID);
  assertEquals([await blobs.unfinished(), await blobs.published("ab")], [[], [ID]]);
});

for (const [errno, code] of [["ENOSPC", "no_space"], ["EDQUOT", "no_space"], ["EIO", "storage"]]) {
  Deno.test(`${errno} is ${code}, in a sentence, with its cause`, async () => {
    await using temporary = await newFolder();
    const { files, fail } = recorded(temporary.path);
    const blobs = await FolderBlobs.open(temporary.path, files);
    const writer = await blobs.create(ID);
    const fault = fail(errno!);
    for (
      const step of [
        () => writer.write(contentOf(1), 0),
        () => writer.sync(),
        () => blobs.publish(ID),
        () => blobs.create(OTHER),
        () => blobs.remove(ID),
      ]
    ) {
      const error = await assertRejects(step, MorselError, "Cannot ");
      assertEquals([error.code, error.cause], [code, fault]);
    }
    await writer.close();
  });
}

Deno.test("what is no blob is left alone among the unfinished", async () => {
  await using temporary = await newFolder();
  const blobs = await FolderBlobs.open(temporary.path, nodeFiles);
  await Deno.writeFile(`${temporary.path}/uploads/lost+found`, new Uint8Array(1));
  assertEquals(await blobs.unfinished(), []);
});

/** The files of the runtime, with each change written down, and failing once they are told to. */
function recorded(folder: string) {
  const calls: string[] = [];
  let fault: Error | undefined;
  const note = (call: string, ...paths: string[]) => {
    const shown = paths.map((path) => {
      assert(path.startsWith(folder), `${path} is outside`);
      return path.slice(folder.length + 1) || ".";
    });
    calls.push([call, ...shown].join(" "));
    if (fault) throw fault;
  };
  const files: Files = {
    ...nodeFiles,
    open: async (path, mode) => {
      note("open", path);
      return recordedFile(await nodeFiles.open(path, mode), note);
    },
    rename: async (from, to) => {
      note("rename", from, to);
      await nodeFiles.rename(from, to);
    },
    remove: async (path) => {
      note("remove", path);
      await nodeFiles.remove(path);
    },
    makeFolder: async (path) => {
      note("makeFolder", path);
      await nodeFiles.makeFolder(path);
    },
    syncFolder: async (path) => {
      note("syncFolder", path);
      await nodeFiles.syncFolder(path);
    },
  };
  const fail = (code: string) => fault = Object.assign(new Error(`${code}: broken`), { code });
  return { files, calls, fail };
}

function recordedFile(file: OpenFile, note: (call: string) => void): OpenFile {
  return {
    read: (into, position) => file.read(into, position),
    truncate: (size) => file.truncate(size),
    size: () => file.size(),
    isInPlace: () => file.isInPlace(),
    close: () => file.close(),
    write: async (bytes, position) => {
      note("write");
      await file.write(bytes, position);
    },
    sync: async () => {
      note("sync");
      await file.sync();
    },
  };
}

async function newFolder() {
  const path = await Deno.makeTempDir({ prefix: "morsel-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
