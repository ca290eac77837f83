// What programs do with a store, as short stories: told again and again with a fault at another place each
// time. A ledger knows what the store may hold after any of them.

import { BLOCK_SIZE } from "../../lib/base/merkle.ts";
import { toHex } from "../../lib/base/hex.ts";
import { checkName } from "../../lib/base/names.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import type { FileStore } from "../../lib/store/file_store.ts";
import type { OpenUpload } from "../../lib/store/file_store.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { ABSENT, ANY, begin, send } from "./store_steps.ts";

/** Names and the contents they have, by digest. */
export type World = ReadonlyMap<string, string>;

interface Change {
  readonly apply: (world: Map<string, string>) => void;
  isDone: boolean;
}

/** An upload that may not be lost. */
export interface NotedUpload {
  readonly name: string;
  /** Of the whole content: where the upload is gone, it has become this file. */
  readonly digest: string;
  /** Bytes that are on stable storage. */
  readonly durable: number;
}

/** Knows which changes were acknowledged, and which of them may have happened or not. */
export class Ledger {
  readonly #changes: Change[] = [];
  /** By upload: what it said of itself before it was to end. */
  readonly uploads = new Map<string, NotedUpload>();

  /** Makes a change: until `step` settles it may have happened or not; if it fails, it stays that way. */
  async change<T>(apply: Change["apply"], step: () => Promise<T>): Promise<T> {
    const change = { apply, isDone: false };
    this.#changes.push(change);
    const result = await step();
    change.isDone = true;
    return result;
  }

  /** Notes how much of an upload is durable; `digest` is that of the whole. */
  note(upload: OpenUpload, name: string, digest: string): void {
    this.uploads.set(upload.id, { name, digest, durable: upload.durable });
  }

  /** Every world that may be there now. */
  worlds(): World[] {
    let worlds: Map<string, string>[] = [new Map()];
    for (const { apply, isDone } of this.#changes) {
      const after = worlds.map((world) => {
        const copy = new Map(world);
        apply(copy);
        return copy;
      });
      worlds = isDone ? after : [...worlds, ...after];
    }
    return worlds;
  }
}

/** A story: each step is told to the ledger. */
export type Scenario = (store: FileStore, ledger: Ledger, catalog: Catalog) => Promise<void>;

/** The contents in the stories, by digest. */
export const CONTENTS: ReadonlyMap<string, Uint8Array> = new Map(
  [0, 1000, 70_000, 150_000, 150_001, 200_000, 200_001].map((size) => {
    const content = contentOf(size, size);
    return [toHex(digestOf(content)), content];
  }),
);

/** All stories. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "put small and large files": async (store, ledger) => {
    await put(store, ledger, "empty", 0);
    await put(store, ledger, "small", 1000);
    await put(store, ledger, "large", 150_000);
  },
  "overwrite files by others": async (store, ledger) => {
    for (const size of [150_000, 70_000, 1000, 200_000]) await put(store, ledger, "a", size);
  },
  "move, copy and remove files": async (store, ledger) => {
    await put(store, ledger, "a", 70_000);
    await put(store, ledger, "b", 1000);
    await ledger.change((world) => world.set("c", world.get("a")!), async () => {
      await store.copy("a", "c", ABSENT);
    });
    await ledger.change((world) => {
      world.set("b", world.get("a")!);
      world.delete("a");
    }, () => store.move("a", "b", ANY));
    for (const name of ["b", "c"]) await remove(store, ledger, name);
  },
  "put equal contents under several names": async (store, ledger) => {
    for (const name of ["a", "b", "a"]) await put(store, ledger, name, 150_000);
    await put(store, ledger, "c", 1000);
    await put(store, ledger, "d", 1000);
    for (const name of ["a", "b", "c"]) await remove(store, ledger, name);
  },
  "resume an upload": async (store, ledger) => {
    await put(store, ledger, "a", 70_000);
    const first = await beginNoted(store, ledger, "a", 200_000);
    await orDetach(first, async () => {
      await send(first, contentFor(200_000).subarray(0, BLOCK_SIZE + 9));
      await first.checkpoint();
    });
    note(ledger, first, "a", 200_000);
    await orDetach(first, () => send(first, contentFor(200_000).subarray(0, 150_000)));
    await first.detach();
    note(ledger, first, "a", 200_000);
    await put(store, ledger, "a", 200_000);
  },
  "take an upload over from its holder": async (store, ledger) => {
    const holder = await beginNoted(store, ledger, "a", 150_000);
    await send(holder, contentFor(150_000).subarray(0, 140_000));
    await put(store, ledger, "a", 150_000);
    await holder.abort();
  },
  "abort uploads": async (store, ledger) => {
    const [first, second] = [
      await beginNoted(store, ledger, "a", 150_000),
      await beginNoted(store, ledger, "b", 70_000),
    ];
    await send(first, contentFor(150_000).subarray(0, 100_000));
    await first.checkpoint();
    ledger.uploads.delete(first.id);
    await first.abort();
    await send(second, contentFor(70_000));
    ledger.uploads.delete(second.id);
    await store.abortUpload(second.id);
    await put(store, ledger, "c", 70_000);
  },
  "put two files at once": async (store, ledger) => {
    const puts = await Promise.allSettled([
      put(store, ledger, "a", 150_001),
      put(store, ledger, "b", 200_001),
      put(store, ledger, "c", 1000),
    ]);
    for (const result of puts) if (result.status === "rejected") throw result.reason;
  },
  "mend files that were found damaged": async (store, ledger, catalog) => {
    for (const [name, size] of [["a", 150_000], ["b", 1000]] as const) {
      await put(store, ledger, name, size);
      const { place, file } = (await catalog.find(checkName(name)))!;
      await catalog.markDamage({ place, digest: file.digest }, "a test says so");
      await put(store, ledger, name, size);
    }
  },
  "replace a file while it is read": async (store, ledger) => {
    await put(store, ledger, "a", 150_000);
    const open = await store.openVersion("a", 0);
    try {
      await put(store, ledger, "a", 70_000);
    } finally {
      await open.close();
    }
  },
};

/** Uploads one of the contents, going on where an earlier attempt stopped. */
export async function put(
  store: FileStore,
  ledger: Ledger,
  name: string,
  size: number,
): Promise<void> {
  const content = contentFor(size);
  const upload = await beginNoted(store, ledger, name, size);
  const digest = digestOf(content);
  await orDetach(upload, async () => {
    await send(upload, content, 50_000);
    await ledger.change((world) => world.set(name, toHex(digest)), async () => {
      await upload.commit(size, digest);
    });
  });
  ledger.uploads.delete(upload.id);
}

/** As a connection does that is lost then: a blob that has failed must not be touched again by it. */
async function orDetach(upload: OpenUpload, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    await upload.detach();
    throw thrown;
  }
}

/** The content of so many bytes. */
export function contentFor(size: number): Uint8Array {
  for (const content of CONTENTS.values()) if (content.length === size) return content;
  throw new Error(`No content has ${size} bytes`);
}

async function remove(store: FileStore, ledger: Ledger, name: string): Promise<void> {
  await ledger.change((world) => world.delete(name), () => store.remove(name, ANY));
}

async function beginNoted(
  store: FileStore,
  ledger: Ledger,
  name: string,
  size: number,
): Promise<OpenUpload> {
  const upload = await begin(store, name, { declaredSize: size, resume: true });
  note(ledger, upload, name, size);
  return upload;
}

function note(ledger: Ledger, upload: OpenUpload, name: string, size: number): void {
  // One in memory may vanish.
  if (size > BLOCK_SIZE) ledger.note(upload, name, toHex(digestOf(contentFor(size))));
}
