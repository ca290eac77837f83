// How much of a TLS connection one read takes on Deno, and what it tells of errors and ends.

import { assertEquals, assertRejects } from "@std/assert";
import { DenoTlsSocket } from "../../lib/runtime/deno_tls_socket.ts";
import { contentOf } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";

const KIB = 1024;
const content = contentOf(64 * KIB);

Deno.test("one read takes all records that are there, and leaves what it has no room for to the next", async () => {
  const tls = new FakeTls();
  const socket = socketOver(tls);
  for (const start of [0, 16, 32]) tls.arrive(content.subarray(start * KIB, (start + 16) * KIB));
  const into = new Uint8Array(40 * KIB);
  assertEquals(await socket.read(into), 40 * KIB);
  assertEquals(into, content.subarray(0, 40 * KIB));
  assertEquals(await socket.read(into), 8 * KIB);
  assertEquals(into.subarray(0, 8 * KIB), content.subarray(40 * KIB, 48 * KIB));
});

Deno.test("what comes later goes into no buffer that its reader has back", async () => {
  const tls = new FakeTls();
  const socket = socketOver(tls);
  tls.arrive(content.subarray(0, KIB));
  const first = new Uint8Array(16 * KIB);
  assertEquals(await socket.read(first), KIB);
  tls.arrive(content.subarray(KIB, 3 * KIB));
  await settled();
  assertEquals(first.subarray(KIB), new Uint8Array(15 * KIB));
  const second = new Uint8Array(16 * KIB);
  assertEquals(await socket.read(second), 2 * KIB);
  assertEquals(second.subarray(0, 2 * KIB), content.subarray(KIB, 3 * KIB));
});

Deno.test("reads that are not waited for share what comes", async () => {
  const tls = new FakeTls();
  const socket = socketOver(tls);
  const reads = [KIB, KIB, 16 * KIB].map((size) => socket.read(new Uint8Array(size)));
  tls.arrive(content.subarray(0, 3 * KIB));
  tls.arrive(content.subarray(3 * KIB, 4 * KIB));
  assertEquals(await Promise.all(reads), [KIB, KIB, 2 * KIB]);
  assertEquals(tls.mostAtOnce, 1);
});

Deno.test("an end or an error comes behind what came before it, again and again", async () => {
  const ends = [
    [null, null],
    [new Deno.errors.UnexpectedEof("no close_notify"), null],
    [new Deno.errors.ConnectionReset("gone"), "gone"],
  ] as const;
  for (const [told, seen] of ends) {
    const tls = new FakeTls();
    const socket = socketOver(tls);
    tls.arrive(content.subarray(0, 5));
    tls.arrive(told);
    assertEquals(await socket.read(new Uint8Array(KIB)), 5);
    for (let turn = 0; turn < 2; turn++) {
      const reading = socket.read(new Uint8Array(KIB));
      if (seen === null) assertEquals(await reading, null);
      else await assertRejects(() => reading, Error, seen);
    }
  }
});

Deno.test("what comes in place of the first byte is explained", async () => {
  for (const told of [null, new Deno.errors.ConnectionReset("gone")]) {
    const tls = new FakeTls();
    tls.arrive(told);
    const reading = socketOver(tls).read(new Uint8Array(KIB));
    await assertRejects(() => reading, Error, `explained ${told?.message}`);
  }
});

Deno.test("what records leave behind is collected each 16 MiB", async () => {
  const tls = new FakeTls();
  const socket = socketOver(tls);
  const into = new Uint8Array(1024 * KIB);
  const { ArrayBuffer: real } = globalThis;
  const asked: number[] = [];
  // As the collector is asked for a turn: with memory that nobody touches.
  globalThis.ArrayBuffer = function (size: number) {
    asked.push(size / KIB / KIB);
  } as unknown as ArrayBufferConstructor;
  try {
    for (let read = 0; read < 32; read++) {
      for (let count = 0; count < 64; count++) tls.arrive(content.subarray(0, 16 * KIB));
      assertEquals(await socket.read(into), into.length);
    }
  } finally {
    globalThis.ArrayBuffer = real;
  }
  assertEquals(asked, [64, 64]);
});

function socketOver(tls: FakeTls): DenoTlsSocket {
  const explain = (error: Error | undefined) => new Error(`explained ${error?.message}`);
  return new DenoTlsSocket(tls as unknown as Deno.TlsConn, explain);
}

/** As much of a connection of Deno as is read from. */
class FakeTls {
  readonly #arrived: (Uint8Array | Error | null)[] = [];
  mostAtOnce = 0;
  #reads = 0;
  #wake = () => {};

  arrive(what: Uint8Array | Error | null): void {
    this.#arrived.push(what);
    this.#wake();
  }

  /** One record at a time, as Deno does. */
  async read(into: Uint8Array): Promise<number | null> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#reads);
    while (this.#arrived.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#reads--;
    const next = this.#arrived.shift()!;
    if (next instanceof Error) throw next;
    if (next === null) return null;
    into.set(next);
    return next.length;
  }
}
