// Steps that the tests of a store share: open one, put a file, read one.

import { concat } from "@std/bytes";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { Blobs } from "../../lib/store/blobs.ts";
import type { Catalog, Condition, FileRecord } from "../../lib/store/catalog.ts";
import { type BeginUpload, FileStore, type OpenVersion } from "../../lib/store/file_store.ts";
import type { OpenUpload } from "../../lib/store/file_store.ts";
import { digestOf, newId } from "../support/content.ts";

export const ANY: Condition = { kind: "any" };
export const ABSENT: Condition = { kind: "absent" };

/** Opens a store on the engines of a home. */
export async function openStore(
  home: { open(): Promise<{ readonly catalog: Catalog; readonly blobs: Blobs }> },
): Promise<FileStore> {
  const { store } = await FileStore.open({ ...await home.open(), clock: systemClock, newId });
  return store;
}

/** Begins an upload of which only the name matters. */
export function begin(
  store: FileStore,
  name: string,
  request: Partial<BeginUpload>,
): Promise<OpenUpload> {
  return store.beginUpload({ condition: ANY, modifiedMs: 0, metadata: {}, ...request, name });
}

/** Writes what of `content` the upload does not have yet, in chunks. */
export async function send(
  upload: OpenUpload,
  content: Uint8Array,
  chunkSize = 1300,
): Promise<void> {
  while (upload.received < content.length) {
    const chunk = content.slice(upload.received, upload.received + chunkSize);
    await upload.write(chunk, upload.received);
    chunk.fill(0xee); // it may be reused now
  }
}

/** Uploads a whole file. */
export async function put(
  store: FileStore,
  name: string,
  content: Uint8Array,
  { declared = true, condition = ANY }: { declared?: boolean; condition?: Condition } = {},
): Promise<FileRecord> {
  const size = declared ? { declaredSize: content.length } : {};
  const upload = await begin(store, name, { condition, ...size });
  // Large chunks for large contents, among them some that fill the buffer exactly.
  await send(upload, content, content.length > 1_000_000 ? 262_144 : 1300);
  return await upload.commit(content.length, digestOf(content));
}

/** The whole newest version of a file. */
export async function readFile(store: FileStore, name: string): Promise<Uint8Array> {
  return await readVersion(await store.openVersion(name, 0));
}

/** The whole of a version, which is closed then. */
export async function readVersion(version: OpenVersion): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(100_000);
  for (let offset = 0;;) {
    const read = await version.read(buffer, offset);
    if (read === 0) break;
    pieces.push(buffer.slice(0, read));
    offset += read;
  }
  await version.close();
  return concat(pieces);
}
