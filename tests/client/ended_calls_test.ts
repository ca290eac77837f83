// What ends before its time, by its signal or by its own failure, ends alone: the others on its connection go on.

import { assertEquals, assertRejects } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { contentOf } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";
import { memoryServer } from "../support/memory_server.ts";

Deno.test("put() of little that is aborted as it goes out sends nothing behind its Cancel", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  // One turn of the queue more each time, from before its Begin to behind its Commit.
  for (let turns = 0; turns < 8; turns++) {
    const stop = new AbortController();
    const put = client.put("a", "hello", { signal: stop.signal });
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    stop.abort(new Error("never mind"));
    await assertRejects(() => put, Error, "never mind");
    assertEquals((await client.put("b", "another")).size, 7);
  }
  assertEquals(server.errors, []);
});

Deno.test("put() that is refused early has its place until its Cancel is out", async () => {
  await using server = await memoryServer({ limits: { maxRequests: 2 } });
  await using client = await server.connect();
  await client.put("a", "first");
  const content = contentOf(100_000);
  const put = () => client.put("a", content, { ifAbsent: true }).catch(({ code }) => code);
  const outcomes = await Promise.all(Array.from({ length: 20 }, put));
  assertEquals(outcomes, new Array(20).fill("conflict"));
  assertEquals((await client.stat("a")).size, 5);
});

Deno.test("put() that is refused early does not wait for its source, and gives its place back", async () => {
  await using server = await memoryServer({ limits: { maxRequests: 1 } });
  await using client = await server.connect();
  await client.put("a", "first");
  const source = {
    read: () => Promise.resolve(0),
    isUnchanged: () => new Promise<boolean>(() => {}),
  };
  const put = client.put("a", source, { size: 0, ifAbsent: true });
  assertEquals((await assertRejects(() => put, MorselError)).code, "conflict");
  assertEquals((await client.stat("a")).size, 5);
});

Deno.test("a download that waits for a place ends by its signal, and leaves the place to others", async () => {
  await using server = await memoryServer({ limits: { maxRequests: 2 } });
  await using client = await server.connect();
  await client.put("a", contentOf(2_000_000));
  const read = await client.get("a");
  const watches = [await client.watch(), await client.watch()];
  const stop = new AbortController();
  const { signal } = stop;
  const waiting = [client.get("a", { signal }), client.verify("a", { signal })];
  const bytes = read.bytes();
  await settled();
  stop.abort(new Error("no more"));
  for (const work of waiting) await assertRejects(() => work, Error, "no more");
  // Its first piece came before the places were taken; the others wait.
  await read.cancel();
  assertEquals((await assertRejects(() => bytes, MorselError)).code, "cancelled");
  await watches[0]!.close();
  assertEquals((await client.stat("a")).size, 2_000_000);
  await watches[1]!.close();
});

Deno.test("a sink that throws where it should reject ends its download alone", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  await client.put("a", contentOf(2_000_000));
  await using watch = await client.watch();
  const next = watch[Symbol.asyncIterator]().next();
  const full = new Error("No space left on device");
  for (const verify of [true, false]) {
    await using download = await client.get("a", { verify });
    const copied = download.copyTo({
      write: (_bytes, position) => {
        if (position > 1_000_000) throw full;
        return Promise.resolve();
      },
    });
    assertEquals(await assertRejects(() => copied), full);
    assertEquals((await client.stat("a")).size, 2_000_000);
  }
  await client.put("b", "still here");
  assertEquals((await next).value?.name, "b");
});

Deno.test("a stream that gives all that it was said to have and never ends holds nobody up", async () => {
  await using server = await memoryServer();
  await using client = await server.connect();
  const stop = new AbortController();
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(contentOf(100_000)),
  });
  const put = client.put("a", stream, { size: 100_000, signal: stop.signal });
  await settled();
  stop.abort(new Error("no more"));
  await assertRejects(() => put, Error, "no more");
  await client.put("b", "content");
});

Deno.test("a sink that never settles holds nobody up once its download has ended", async () => {
  await using server = await memoryServer();
  const client = await server.connect();
  await client.put("a", contentOf(2_000_000));
  const stop = new AbortController();
  const download = await client.get("a", { signal: stop.signal });
  const copied = download.copyTo({ write: () => new Promise(() => {}) });
  await settled();
  stop.abort(new Error("no more"));
  await assertRejects(() => copied, Error, "no more");
  assertEquals((await client.stat("a")).size, 2_000_000);
  await client.close();
});
