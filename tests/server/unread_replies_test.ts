// A client that asks and never reads: what its session holds for it stays bounded, whatever it asks for.

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { encode } from "../../lib/protocol/codec.ts";
import { DEFAULT_LIMITS, MAX_METADATA_SIZE, MAX_WATCHES } from "../../lib/protocol/limits.ts";
import type { Message } from "../../lib/protocol/messages.ts";
import type { BlobReader } from "../../lib/store/blobs.ts";
import type { FileRecord } from "../../lib/store/catalog.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { read, stat, watch } from "../support/requests.ts";

const KIB = 1024;
const FILES = 300;
/** As much as a file can have. */
const METADATA = { text: "x".repeat(MAX_METADATA_SIZE - 20) };

/** A catalog that counts what listings and watches have taken out of it. */
class CountingCatalog extends MemoryCatalog {
  listed = 0;
  watched = 0;

  constructor(clock: FakeClock) {
    super(clock);
    const page = this.log.page.bind(this.log);
    this.log.page = async (...given) => {
      const found = await page(...given);
      this.watched += found.changes.length;
      return found;
    };
  }

  override async list(...given: Parameters<MemoryCatalog["list"]>): Promise<FileRecord[]> {
    const files = await super.list(...given);
    this.listed += files.length;
    return files;
  }
}

/** A server with files of much metadata, and a peer that has greeted and reads no more. */
async function place() {
  const clock = new FakeClock();
  const catalog = new CountingCatalog(clock);
  const server = await memoryServer({ clock, catalog });
  await using client = await server.connect();
  for (let index = 0; index < FILES; index++) {
    await client.put(String(index).padStart(4, "0"), "", { metadata: METADATA });
  }
  const peer = new RawPeer(server.open());
  await peer.greet();
  server.trace.length = 0;
  return {
    server,
    catalog,
    clock,
    peer,
    files: () => files(server.trace),
    /** Bytes of replies that the server has made, about. */
    replied: () => files(server.trace) * 16 * KIB,
    /** Sends without waiting until it is taken. */
    flood: (messages: Message[]) => void peer.sendBytes(concat(messages.map(encode))),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** How many of the messages the server has sent are files. */
function files(trace: readonly string[]): number {
  return trace.filter((line) => line.startsWith("S: File")).length;
}

function list(tag: number, limit: number): Message {
  return { type: "List", tag, prefix: "", after: "", limit };
}

/** A request for each tag. */
function requests(count: number, make: (tag: number) => Message): Message[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}

Deno.test("as many listings as a session may ask for are held one part at a time", async () => {
  await using here = await place();
  here.flood(requests(256, (tag) => list(tag, 1000)));
  await settled();
  assert(here.catalog.listed > 0 && here.catalog.listed <= 130, `${here.catalog.listed} files`);
  assert(here.replied() < 1024 * KIB, `${here.replied()} bytes`);
  // Read after all, each is answered, whole.
  let pages = 0;
  let files = 0;
  while (pages < 8) {
    const message = (await here.peer.next())!;
    if (message.type === "Page") pages++;
    else files++;
  }
  assertEquals(files, 8 * FILES);
});

Deno.test("listings of one file each wait for their client as well", async () => {
  await using here = await place();
  here.flood(requests(256, (tag) => list(tag, 1)));
  await settled();
  assert(here.replied() < 1024 * KIB, `${here.replied()} bytes`);
});

Deno.test("a listing that waits to be read from has looked up little that is not laid out", async () => {
  await using here = await place();
  here.flood([list(1, 1000)]);
  await settled();
  const { listed } = here.catalog;
  const beyond = listed - here.files();
  assert(listed > 0 && beyond >= 0 && beyond < 20, `${beyond} of ${listed} files`);
});

Deno.test("watches that wait to be read from are laid out one after the other, and hold no change", async () => {
  await using here = await place();
  here.flood(requests(MAX_WATCHES, (tag) => watch(tag)));
  await settled();
  const { watched } = here.catalog;
  assert(watched > 0 && watched < 50, `${watched} changes`);
  assertEquals(watched - here.files(), 0);
  // Read after all, each tells of everything.
  const sequences = new Map<number, number>();
  for (let told = 0; told < MAX_WATCHES * FILES;) {
    const message = (await here.peer.next())!;
    if (message.type !== "File") continue;
    assertEquals(message.version, (sequences.get(message.tag) ?? 0) + 1);
    sequences.set(message.tag, message.version);
    told++;
  }
  assertEquals([...sequences.values()], new Array(MAX_WATCHES).fill(FILES));
});

for (
  const [what, make] of [
    ["listings of one file", (tag: number) => list(tag, 1)],
    ["descriptions", (tag: number) => stat(tag, "0000")],
  ] as const
) {
  Deno.test(`a client that asks for thousands of ${what} and reads none is not read on from`, async () => {
    await using here = await place();
    for (let batch = 0; batch < 20; batch++) {
      here.flood(requests(200, (tag) => make(batch * 200 + tag)));
      await settled();
    }
    assert(here.replied() > 0 && here.replied() < 6 * 1024 * KIB, `${here.replied()} bytes`);
    // It is put out in the end.
    await here.clock.advance(120_000);
    await here.server.ended();
  });
}

Deno.test("a listing that was cancelled while it waited for its turn is answered so", async () => {
  await using here = await place();
  const { peer } = here;
  await peer.send(list(1, 1000), list(2, 1000), { type: "Cancel", tag: 2 });
  const last: Record<number, string> = {};
  while (!last[1] || !last[2]) {
    const message = (await peer.next())!;
    if (message.type !== "File") last[message.tag] = message.type;
  }
  assertEquals(last, { 1: "Page", 2: "Error" });
});

Deno.test("ranges of as many large files as a session may ask for are sent from the less the more they are", async () => {
  const blobs = new CountingBlobs();
  await using server = await memoryServer({ blobs });
  await using client = await server.connect();
  await client.put("0", contentOf(1024 * KIB));
  const { maxRequests } = DEFAULT_LIMITS;
  for (let copy = 1; copy < maxRequests; copy++) await client.copy("0", String(copy));
  const peer = new RawPeer(server.open());
  await peer.greet();
  void peer.sendBytes(concat(
    requests(maxRequests, (tag) => read(tag, { name: `${tag - 1}` }))
      .map(encode),
  ));
  // Each of them has begun, and waits for what was sent of it to be read.
  while (blobs.opened < maxRequests) await settled();
  await settled();
  assert(blobs.bytesRead > 1024 * KIB, `${blobs.bytesRead} bytes`);
  assert(blobs.bytesRead < 140 * 1024 * KIB, `${blobs.bytesRead} bytes`);
});

/** Blobs that count what is read of them. */
class CountingBlobs extends MemoryBlobs {
  opened = 0;
  bytesRead = 0;

  override async open(id: string): Promise<BlobReader | undefined> {
    const reader = await super.open(id);
    this.opened++;
    return reader && {
      size: reader.size,
      read: (into, offset) => {
        this.bytesRead += into.length;
        return reader.read(into, offset);
      },
      close: () => reader.close(),
    };
  }
}
