// The hashes that a resumed upload begins with, 32 MiB of them for 64 GiB: read as its client takes them, a part at a
// time, and no longer than the upload is its client's.

import { assert, assertEquals } from "@std/assert";
import type { Principal } from "../../lib/base/principal.ts";
import { errorCodeOf } from "../../lib/base/errors.ts";
import { BLOCK_SIZE, DIGEST_SIZE, merkleRoot } from "../../lib/base/merkle.ts";
import { checkName } from "../../lib/base/names.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import type { MessageOf } from "../../lib/protocol/messages.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { OwnerDoor } from "../../lib/server/owner_door.ts";
import { OwnerLinks } from "../../lib/server/owner_links.ts";
import { RelayedUpload } from "../../lib/server/relayed_upload.ts";
import type { BlobWriter } from "../../lib/store/blobs.ts";
import { LEAVES_PER_PART } from "../../lib/store/catalog.ts";
import { uploadRecord } from "../support/catalog_records.ts";
import { contentOf } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";
import { queueListener } from "../support/queue_listener.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { begin } from "../support/requests.ts";
import { memoryTokens } from "../support/tokens.ts";

/** Parts of hashes, of 64 MiB of content each. */
const PARTS = 64;
const COUNT = PARTS * LEAVES_PER_PART;
const DURABLE = COUNT * BLOCK_SIZE;
const HASHES = contentOf(COUNT * DIGEST_SIZE);
const RESUME = { name: "large", declaredSize: DURABLE + 1, resume: 1 };
const SECRET = "5".repeat(64);

/** Blobs that have all the bytes which a row says they have. */
class LargeBlobs extends MemoryBlobs {
  override async reopen(): Promise<BlobWriter> {
    return { write: async () => {}, sync: async () => {}, close: async () => {} };
  }
}

/** A catalog that counts the parts of hashes which are read, but for the look at the end of them. */
class CountingCatalog extends MemoryCatalog {
  reads = 0;

  override leaves(blobId: string, partIndex: number): Promise<Uint8Array | undefined> {
    if (partIndex < PARTS) this.reads++;
    return super.leaves(blobId, partIndex);
  }
}

interface Stage {
  readonly server: MemoryServer;
  readonly catalog: CountingCatalog;
  /** A session that has greeted. */
  greeted(): Promise<RawPeer>;
}

/** A server with an unfinished upload of 4 GiB. */
async function onStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  const catalog = new CountingCatalog(systemClock);
  await using server = await memoryServer({ catalog, blobs: new LargeBlobs() });
  const { name, declaredSize } = RESUME;
  const upload = uploadRecord({ name: checkName(name), declaredSize, modifiedMs: 0, metadata: {} });
  await catalog.beginUpload(upload);
  const parts = Array.from({ length: PARTS }, (_, index) => {
    const hashes = hashesOf(index * LEAVES_PER_PART, LEAVES_PER_PART);
    return { index, hashes, root: merkleRoot(hashes) };
  });
  await catalog.checkpointUpload(upload, DURABLE, parts);
  await act({
    server,
    catalog,
    greeted: async () => {
      const peer = new RawPeer(server.open());
      await peer.greet();
      return peer;
    },
  });
  assertEquals(server.errors, []);
}

Deno.test("a client that resumes again and again and reads nothing costs a part each time", () =>
  onStage(async ({ greeted, catalog }) => {
    const peer = await greeted();
    const resumes = 20;
    for (let tag = 1; tag <= resumes; tag++) {
      await peer.send(begin(tag, RESUME));
      await settled();
    }
    assert(catalog.reads >= resumes && catalog.reads < 2 * resumes, `${catalog.reads} parts`);
    // Read after all, the last one gets all of them, and each other is told that it has lost its upload.
    const fenced = new Set<number>();
    let index = 0;
    while (index < COUNT || fenced.size < resumes - 1) {
      const message = (await peer.next())!;
      if (message.type === "Error") {
        assertEquals(errorCodeOf(message.code), "fenced");
        fenced.add(message.tag);
      } else if (message.type === "Leaves" && message.tag === resumes) {
        index = take(message, index);
      } else if (message.type === "Leaves") {
        assert(!fenced.has(message.tag), "more came behind the last reply");
      }
    }
    assert(!fenced.has(resumes));
    assert(catalog.reads <= PARTS + 2 * resumes, `${catalog.reads} parts`);
  }));

Deno.test("a Cancel ends the hashes of a resume", () =>
  onStage(async ({ greeted, catalog }) => {
    const peer = await greeted();
    await peer.send(begin(1, RESUME), { type: "Cancel", tag: 1 });
    await peer.expect("Begun");
    let message = await peer.next();
    while (message?.type === "Leaves") message = await peer.next();
    assert(message?.type === "Error");
    assertEquals(errorCodeOf(message.code), "cancelled");
    assert(catalog.reads < PARTS / 2, `${catalog.reads} parts`);
  }));

Deno.test("a Commit right behind the Begin of a resume is answered behind all of its hashes", () =>
  onStage(async ({ greeted }) => {
    const peer = await greeted();
    await peer.send(begin(1, RESUME));
    await peer.expect("Begun");
    await peer.send({ type: "Commit", tag: 1, size: 1, digest: new Uint8Array(32) });
    let index = 0;
    let message = await peer.next();
    for (; message?.type === "Leaves"; message = await peer.next()) index = take(message, index);
    assertEquals([index, message?.type], [COUNT, "Error"]);
  }));

Deno.test("a worker passes hashes on as they are taken, and drops what nobody wants", () =>
  onStage(async ({ server, catalog }) => {
    await using links = openLinks(server);
    const upload = await links.begin();
    await settled();
    // Few of them are on their way between the two.
    assert(catalog.reads < 8, `${catalog.reads} parts`);
    let index = 0;
    for await (const hashes of upload.leaves()) {
      index = take({ hashes, index }, index);
      assert(catalog.reads < index / LEAVES_PER_PART + 8, `${catalog.reads} parts`);
    }
    assertEquals(index, COUNT);
    await upload.detach();

    const fenced = await links.begin();
    const taken = fenced.leaves()[Symbol.asyncIterator]();
    await taken.next();
    const last = await links.begin();
    let failure: unknown;
    while (!failure) await taken.next().catch((thrown) => failure = thrown);
    assertEquals((failure as { code: string }).code, "fenced");
    await fenced.abort();

    for await (const _ of last.leaves()) break;
    await last.abort();
    assert(catalog.reads < 2 * PARTS, `${catalog.reads} parts`);
    // Of these one was taken, and the next one waits for its taker.
    const held = await links.begin();
    await held.leaves()[Symbol.asyncIterator]().next();
    await settled();
    await held.abort();
    // Nobody has asked for these.
    const unread = await links.begin();
    await unread.abort();
  }));

/** Makes sure that these go on at an index; returns where the next ones do. */
function take(
  { index, hashes }: Pick<MessageOf<"Leaves">, "index" | "hashes">,
  at: number,
): number {
  const count = hashes.length / DIGEST_SIZE;
  assertEquals(index, at);
  assertEquals(hashes, hashesOf(index, count));
  return index + count;
}

function hashesOf(index: number, count: number): Uint8Array {
  return HASHES.subarray(index * DIGEST_SIZE, (index + count) * DIGEST_SIZE);
}

/** A worker's way to a server. */
function openLinks({ store }: MemoryServer) {
  const clock = systemClock;
  const listener = queueListener();
  const tokens = memoryTokens(clock);
  const figures = async (_: Principal) => ({});
  const bootId = new Uint8Array(16);
  const shared = { store, tokens, limits: DEFAULT_LIMITS, bootId, clock, figures };
  const door = new OwnerDoor({ listener, secret: SECRET, ...shared });
  const links = new OwnerLinks({
    connect: async () => listener.dial("127.0.0.1:1"),
    secret: SECRET,
    clock,
    onLost: () => {},
  });
  const { type: _, tag: __, ...fields } = begin(1, RESUME);
  const request = { type: "Begin", ...fields } as const;
  return {
    begin: () => RelayedUpload.begin(links, { by: "", request, declaredSize: RESUME.declaredSize }),
    [Symbol.asyncDispose]: async () => {
      links.close();
      await door.close();
      tokens[Symbol.dispose]();
    },
  };
}
