import { assertEquals, assertRejects } from "@std/assert";
import { WriteBehind } from "../../lib/runtime/write_behind.ts";
import { contentOf } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";

/** A file whose writes end when the test says so. */
class SlowFile {
  readonly bytes: Uint8Array;
  readonly writes: { end: number; settle: (failure?: Error) => void }[] = [];

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  write = (bytes: Uint8Array, position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (failure?: Error) => {
        if (failure) return reject(failure);
        this.bytes.set(bytes, position);
        resolve();
      };
      this.writes.push({ end: position + bytes.length, settle });
    });

  /** Ends all writes, those that come of it too. */
  async settleAll(): Promise<void> {
    for (let write = this.writes.shift(); write; write = this.writes.shift()) {
      write.settle();
      await settled();
    }
  }
}

Deno.test("what is written behind is a copy, in order, and all there after flush()", async () => {
  const content = contentOf(1_000_000);
  const file = new SlowFile(content.length);
  const behind = new WriteBehind(file.write);
  const given = new Uint8Array(100_000);
  for (let at = 0; at < content.length; at += given.length) {
    given.set(content.subarray(at, at + given.length));
    await Promise.race([behind.write(given, at), settled().then(() => file.settleAll())]);
    given.fill(0);
  }
  const flushed = behind.flush();
  await file.settleAll();
  await flushed;
  assertEquals(file.bytes, content);
});

Deno.test("bytes at another position are a write of their own", async () => {
  const file = new SlowFile(300);
  const behind = new WriteBehind(file.write);
  await behind.write(new Uint8Array(100).fill(1), 200);
  await behind.write(new Uint8Array(50).fill(2), 0);
  await behind.write(new Uint8Array(50).fill(3), 50);
  const flushed = behind.flush();
  await settled();
  await file.settleAll();
  await flushed;
  const expected = new Uint8Array(300).fill(2, 0, 50).fill(3, 50, 100).fill(1, 200);
  assertEquals(file.bytes, expected);
});

Deno.test("a sender that is faster than the file waits", async () => {
  const file = new SlowFile(16 * 1024 * 1024);
  const behind = new WriteBehind(file.write);
  const piece = new Uint8Array(256 * 1024);
  let taken = 0;
  const sending = (async () => {
    for (let index = 0; index < 20; index++) {
      await behind.write(piece, index * piece.length);
      taken = index + 1;
    }
  })();
  await settled();
  assertEquals([taken, file.writes.length], [3, 1]);
  await file.settleAll();
  await sending;
  assertEquals(taken, 20);
});

Deno.test("a write that failed is told at the next call, and nothing is written behind it", async () => {
  const file = new SlowFile(100);
  const behind = new WriteBehind(file.write);
  await behind.write(new Uint8Array(10).fill(1), 0);
  await behind.write(new Uint8Array(10).fill(2), 10);
  await settled();
  file.writes.shift()!.settle(new Error("no space"));
  await settled();
  assertEquals(file.writes.length, 0);
  await assertRejects(() => behind.write(new Uint8Array(1), 20), Error, "no space");
  await assertRejects(() => behind.flush(), Error, "no space");
  await behind.end(); // whoever closes it after that has been told
});

Deno.test("a write that failed is told at the end when nobody was told before", async () => {
  const file = new SlowFile(100);
  const behind = new WriteBehind(file.write);
  await behind.write(new Uint8Array(10), 0);
  await settled();
  const ended = behind.end();
  file.writes.shift()!.settle(new Error("no space"));
  await assertRejects(() => ended, Error, "no space");
});
