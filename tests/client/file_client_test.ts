import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import type { Download } from "../../lib/client/download.ts";
import { contentOf, digestOf, randomNumbers } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { memoryServer } from "../support/memory_server.ts";

const SIZES = [0, 1, 1299, 1300, 1301, 65535, 65536, 65537, 300_000, 5_000_001];

Deno.test("put() and get() carry files of every size there and back, whatever the cuts", async () => {
  const random = randomNumbers(42);
  const pair = { cuts: () => 1 + Math.floor(random() * 50_000) };
  await using server = await memoryServer({ pair });
  await using client = await server.connect();
  for (const size of SIZES) {
    const content = contentOf(size);
    const put = await client.put(`file ${size}`, content, {
      modifiedMs: 1234,
      metadata: { a: "b" },
    });
    assertEquals(put.size, size);
    assertEquals(put.digest, toHex(digestOf(content)));
    const download = await client.get(`file ${size}`);
    assertEquals(download.file, put);
    assertEquals(put.modifiedMs, 1234);
    assertEquals(put.metadata, { a: "b" });
    assertEquals(await download.bytes(), content);
  }
});

Deno.test("put() and get() carry chunks of every size", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const content = contentOf(200_000);
  for (const chunkSize of [7, 1300, 65536, 199_999, 200_000, 1024 * 1024]) {
    await client.put("a", content, { chunkSize });
    assertEquals(await (await client.get("a", { chunkSize })).bytes(), content);
  }
  for (const chunkSize of [0, -1, 1.5, 1024 * 1024 + 1]) {
    const options = { chunkSize };
    assertEquals(await codeOf(client.put("a", content, options)), "limit");
    assertEquals(await codeOf(client.get("a", options)), "limit");
  }
});

Deno.test("put() takes text, bytes, a Blob, a stream and what is read at positions", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const text = "Grüße, Bytes! ".repeat(10_000);
  const bytes = new TextEncoder().encode(text);
  const stream = () =>
    new Blob([bytes]).stream().pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (piece, controller) => {
          for (let start = 0; start < piece.length; start += 999) {
            controller.enqueue(piece.subarray(start, start + 999));
          }
        },
      }),
    );
  const positions = {
    read: (into: Uint8Array, position: number) => {
      const piece = bytes.subarray(position, position + into.length);
      into.set(piece);
      return Promise.resolve(piece.length);
    },
  };
  for (const source of [text, bytes, new Blob([bytes]), stream(), positions]) {
    const { size } = await client.put("a", source);
    assertEquals(size, bytes.length);
    assertEquals(await (await client.get("a")).bytes(), bytes);
  }
  await client.put("a", stream(), { size: bytes.length });
  await client.put("a", positions, { size: bytes.length });
});

Deno.test("put() refuses a source that is not of the size it was said to have", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  for (const size of [5, 7, 100_000, 200_000]) {
    const source = () => new Blob([contentOf(size)]).stream();
    const shorter = await assertRejects(
      () => client.put("a", source(), { size: size + 1 }),
      MorselError,
    );
    assertEquals([shorter.code, shorter.message.includes(`has ${size} bytes`)], ["invalid", true]);
    assertEquals(await codeOf(client.put("a", source(), { size: size - 1 })), "invalid");
  }
  assertEquals(await codeOf(client.stat("a")), "not_found");
});

Deno.test("put() ends when its source fails, and the session lives on", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(100_000));
      controller.error(new RangeError("the disk is upside down"));
    },
  });
  await assertRejects(() => client.put("a", broken), RangeError, "upside down");
  assertEquals(await codeOf(client.stat("a")), "not_found");
  await client.put("a", "still here");
});

Deno.test("put() with a condition conflicts early, with data still on its way", async () => {
  await using server = await memoryServer({ limits: { window: 256 * 1024 } });
  await using client = await server.connect();
  const first = await client.put("a", "first", { ifAbsent: true });
  const content = contentOf(3_000_000);
  const error = await assertRejects(
    () => client.put("a", content, { ifAbsent: true }),
    MorselError,
  );
  assertEquals(error.code, "conflict");
  assertEquals(
    await codeOf(client.put("a", content, { ifVersion: first.version + 1 })),
    "conflict",
  );
  const second = await client.put("a", content, { ifVersion: first.version });
  assert(second.version > first.version);
  await assertRejects(() => client.put("a", "", { ifAbsent: true, ifVersion: 1 }), TypeError);
  assertEquals(await (await client.get("a")).bytes(), content);
});

Deno.test("put() keeps within the server's window", async () => {
  const window = 128 * 1024;
  await using server = await memoryServer({ limits: { window } });
  await using client = await server.connect();
  let sent = 0;
  let ahead = 0;
  const content = contentOf(2_000_000);
  const source = {
    read: (into: Uint8Array, position: number) => {
      const piece = content.subarray(position, position + into.length);
      into.set(piece);
      sent = position + piece.length;
      return Promise.resolve(piece.length);
    },
  };
  await client.put("a", source, {
    chunkSize: 1000,
    onProgress: ({ received }) => ahead = Math.max(ahead, sent - received),
  });
  assert(ahead <= window, `${ahead} bytes were ahead of the last Ack`);
  assertEquals(await (await client.get("a")).bytes(), content);
});

Deno.test("get() gives ranges, cut at the end of the file", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const content = contentOf(2_000_000);
  await client.put("a", content);
  for (
    const [start, end] of [[0, 16], [16, 32], [65_535, 65_537], [1_999_990, 3_000_000], [5, 5], [
      2_000_000,
      2_000_001,
    ]]
  ) {
    const download = await client.get("a", { start: start!, end: end! });
    assertEquals(await download.bytes(), content.slice(start, end));
    assertEquals(download.end, Math.min(end!, content.length));
  }
  assertEquals(await codeOf(client.get("a", { start: 2_000_001 })), "invalid");
});

Deno.test("get() as a stream waits for its reader and leaves room for other calls", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const content = contentOf(4_000_000);
  await client.put("a", content);
  const download = await client.get("a");
  const reader = download.readable.getReader();
  const first = await reader.read();
  assert(!first.done);
  // The stream is not read on, yet other calls of the connection are answered.
  assertEquals((await client.stat("a")).size, content.length);
  assertEquals(
    await (await client.get("a", { start: 10, end: 20 })).bytes(),
    content.slice(10, 20),
  );
  let position = first.value.length;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    assertEquals(next.value, content.slice(position, position + next.value.length));
    position += next.value.length;
  }
  assertEquals(position, content.length);
  assertInstanceOf(await download.bytes().catch((error) => error), TypeError);
});

Deno.test("copyTo() fails with what its sink fails with, also where all had come before it was called", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  // Up to the first request a whole file is proven before anybody wants it; larger ones are written on the way.
  for (const size of [300_000, 2_000_000]) {
    await client.put("a", contentOf(size));
    await using download = await client.get("a");
    await settled();
    const full = new Error("No space left on device");
    const copied = download.copyTo({ write: () => Promise.reject(full) });
    assertEquals(await assertRejects(() => copied), full);
    assertEquals((await client.stat("a")).size, size);
  }
});

Deno.test("get() finishes with the version it began with, however often it is replaced", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  await using other = await server.connect();
  const content = contentOf(3_000_000, 1);
  await client.put("a", content);
  const download = await client.get("a");
  await other.put("a", contentOf(3_000_000, 2));
  await other.remove("a");
  assertEquals(await download.bytes(), content);
  assertEquals(await codeOf(client.get("a")), "not_found");
});

Deno.test("list() yields every file once, in order, in pages, while others come and go", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const names = Array.from({ length: 250 }, (_, index) => `n/${String(index).padStart(3, "0")}`);
  await Promise.all(names.map((name) => client.put(name, name)));
  await client.put("m", "before");
  await client.put("o", "after");
  const listed: string[] = [];
  for await (const { name } of client.list({ prefix: "n/", pageSize: 7 })) {
    listed.push(name);
    if (listed.length === 10) {
      await client.remove("n/005");
      await client.remove("n/200");
      await client.put("n/0001", "too late");
      await client.put("n/2491", "in time");
    }
  }
  assertEquals(listed, [...names.filter((name) => name !== "n/200"), "n/2491"]);
  assertEquals((await first(client.list({ after: "n/2491" }))).name, "o");
});

Deno.test("list() has asked for one page more than is used, and leaves it when it is left", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  for (let index = 0; index < 30; index++) await client.put(String(index + 10), "");
  const asked = () => server.trace.filter((line) => line.startsWith("C: List")).length;
  const files = client.list({ pageSize: 7 })[Symbol.asyncIterator]();
  for (let taken = 1; taken <= 8; taken++) {
    assertEquals((await files.next()).value?.name, String(taken + 9));
    await client.stat("10"); // behind all that was asked for before it
    assertEquals(asked(), taken <= 7 ? 2 : 3);
  }
  await files.return!();
  await client.stat("10");
  assertEquals(asked(), 3);
  await client.close();
  await server.ended();
  assertEquals(server.errors, []);
});

Deno.test("move(), copy() and remove() change names and move no bytes", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const put = await client.put("a", "content", { metadata: { k: "v" }, modifiedMs: 99 });
  const copied = await client.copy("a", "b");
  const { name: _a, version: v1, committedMs: _c, ...same } = put;
  const { name, version: v2, committedMs: _d, ...alike } = copied;
  assertEquals([name, alike], ["b", same]);
  assert(v2 > v1);
  assertEquals(await codeOf(client.copy("a", "b", { ifAbsent: true })), "conflict");
  assertEquals((await client.move("a", "c")).name, "c");
  assertEquals(await codeOf(client.stat("a")), "not_found");
  assertEquals(await codeOf(client.remove("c", { ifVersion: v1 })), "conflict");
  assertEquals((await client.remove("c")).name, "c");
  assertEquals(await (await client.get("b")).text(), "content");
});

Deno.test("a call ends when its signal says so, and the session lives on", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const content = contentOf(5_000_000);
  await client.put("a", content);
  const signal = AbortSignal.abort(new Error("never mind"));
  await assertRejects(() => client.stat("a", { signal }), Error, "never mind");
  await assertRejects(() => client.get("a", { signal }), Error, "never mind");
  await assertRejects(() => client.put("b", content, { signal }), Error, "never mind");

  for (const name of ["get", "put"]) {
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error(`${name} stopped`));
    const options = { signal: stop.signal, onProgress };
    const work = name === "get"
      ? client.get("a", options).then((download: Download) => download.bytes())
      : client.put("b", content, options);
    await assertRejects(() => work, Error, `${name} stopped`);
  }
  assertEquals(await codeOf(client.stat("b")), "not_found");
  assertEquals(await (await client.get("a")).bytes(), content);
});

Deno.test("many more calls than the server takes at a time are all made", async () => {
  await using server = await memoryServer({ limits: { maxRequests: 4 } });
  await using client = await server.connect();
  const names = Array.from({ length: 100 }, (_, index) => `file ${index}`);
  await Promise.all(names.map((name) => client.put(name, name)));
  const texts = await Promise.all(
    names.map(async (name) => new TextDecoder().decode(await (await client.get(name)).bytes())),
  );
  assertEquals(texts, names);
});

Deno.test("calls fail with connection when the server is gone, those under way and those to come", async () => {
  await using server = await memoryServer();
  const connection = server.open();
  const client = await FileClient.open(connection, { clock: systemClock });
  await client.put("a", contentOf(3_000_000));
  const download = await client.get("a");
  connection.close();
  assertEquals(await codeOf(download.bytes()), "connection");
  assertEquals(await codeOf(client.stat("a")), "connection");
  assertEquals(await codeOf(client.put("b", "b")), "connection");
  await client.close();
  await client.close();
});

Deno.test("put() of a source that is silent ends with the connection, and by its signal", async () => {
  await using server = await memoryServer();
  const silent = () => new ReadableStream<Uint8Array>();
  const stop = new AbortController();
  await using client = await server.connect();
  const stopped = client.put("a", silent(), { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assertRejects(() => stopped, Error, "enough");
  const connection = server.open();
  const other = await FileClient.open(connection, { clock: systemClock });
  const lost = other.put("a", silent());
  connection.close();
  assertEquals(await codeOf(lost), "connection");
});

Deno.test("open() ends by its signal while the server does not greet", async () => {
  const [near] = memoryPair();
  const stop = new AbortController();
  const opening = FileClient.open(near, { clock: systemClock, signal: stop.signal });
  stop.abort(new Error("enough"));
  await assertRejects(() => opening, Error, "enough");
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assertInstanceOf(error, MorselError);
  return error.code;
}

async function first(files: ReturnType<FileClient["list"]>) {
  for await (const file of files) return file;
  throw new Error("The listing is empty");
}

Deno.test("get() without verify fetches the range alone, and takes the server's word for it", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const content = contentOf(200_000);
  await client.put("a", content);
  const before = server.trace.length;
  const download = await client.get("a", { start: 70_001, end: 71_301, verify: false });
  assertEquals(await download.bytes(), content.slice(70_001, 71_301));
  const sent = server.trace.slice(before).map((line) => line.split(" ").slice(0, 2).join(" "));
  assertEquals(sent, ["C: ReadRange", "S: File", "S: Data", "S: End"]);
});

Deno.test("more uploads than the server takes at a time wait for one another, and others do not wait", async () => {
  await using server = await memoryServer({ limits: { maxUploads: 2 } });
  await using client = await server.connect();
  const held = Promise.withResolvers<void>();
  const slow = () =>
    new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await held.promise;
        controller.close();
      },
    });
  const puts = ["a", "b", "c", "d"].map((name) => client.put(name, slow()));
  assertEquals(await codeOf(client.stat("a")), "not_found");
  held.resolve();
  await Promise.all(puts);
  assertEquals((await client.stat("d")).size, 0);
});

Deno.test("requests that cannot be written take no place from others", async () => {
  await using server = await memoryServer({ limits: { maxRequests: 2, maxUploads: 2 } });
  await using client = await server.connect();
  const long = "x".repeat(70_000);
  for (let turn = 0; turn < 3; turn++) {
    assertEquals(await codeOf(client.stat(long)), "invalid");
    assertEquals(
      await codeOf(client.put("a", contentOf(70_000), { metadata: { long } })),
      "invalid",
    );
  }
  await client.put("a", "content");
  assertEquals((await client.stat("a")).size, 7);
});

Deno.test("a call that waits for a place ends by its signal, and leaves the place to others", async () => {
  await using server = await memoryServer({ limits: { maxRequests: 2, maxUploads: 1 } });
  await using client = await server.connect();
  const silent = Promise.withResolvers<void>();
  const slow = client.put("slow", new ReadableStream({ pull: () => silent.promise }));
  await settled();
  const stop = new AbortController();
  const waiting = client.put("b", contentOf(70_000), { signal: stop.signal });
  await settled();
  stop.abort(new Error("no more"));
  await assertRejects(() => waiting, Error, "no more");
  silent.reject(new Error("the source failed"));
  await assertRejects(() => slow);
  await client.put("c", contentOf(70_000));
});
