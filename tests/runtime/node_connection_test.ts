// How much a connection over a socket of `node:net` holds for a reader that is busy, and that it always goes on.

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { assertEquals } from "@std/assert";
import { NodeConnection } from "../../lib/runtime/node_connection.ts";
import { contentOf } from "../support/content.ts";
import { settled } from "../support/fake_clock.ts";

const KIB = 1024;

Deno.test("as much is held for a reader as it takes at a time, and then the socket is paused", async () => {
  const socket = new FakeSocket();
  const reader = await readerOf(socket, 64 * KIB);
  assertEquals(arrivedUntilPause(socket), 80 * KIB);
  const { value } = await reader.read(new Uint8Array(64 * KIB));
  assertEquals(value, contentOf(65 * KIB).subarray(KIB));
});

Deno.test("a reader that takes little has little held for it, and one that takes much has a bound", async () => {
  for (const [takes, held] of [[1, 16], [64, 80], [1024, 1040], [4096, 1040]] as const) {
    const socket = new FakeSocket();
    await readerOf(socket, takes * KIB);
    assertEquals(arrivedUntilPause(socket), held * KIB);
  }
});

Deno.test("a socket that is paused goes on when all is taken, whatever it handed out meanwhile", async () => {
  const socket = new FakeSocket();
  const reader = await readerOf(socket, 64 * KIB);
  arrivedUntilPause(socket);
  await reader.read(new Uint8Array(64 * KIB));
  // TLS on Deno hands out what it had decrypted.
  socket.arrive(KIB);
  assertEquals(socket.isPaused, true);
  assertEquals((await reader.read(new Uint8Array(64 * KIB))).value?.length, 17 * KIB);
  const next = reader.read(new Uint8Array(64 * KIB));
  await settled();
  assertEquals(socket.isPaused, false);
  socket.arrive(KIB);
  assertEquals((await next).value?.length, KIB);
});

Deno.test("the memory of a piece is given back with its last byte, unless others have a part of it", async () => {
  const socket = new FakeSocket();
  const reader = await readerOf(socket, 64 * KIB);
  const pool = contentOf(32 * KIB);
  const [own, shared] = [pool.slice(0, 16 * KIB), pool.subarray(16 * KIB)];
  socket.emit("data", own);
  socket.emit("data", shared);
  assertEquals((await reader.read(new Uint8Array(10 * KIB))).value, pool.subarray(0, 10 * KIB));
  assertEquals(own.length, 16 * KIB);
  assertEquals((await reader.read(new Uint8Array(64 * KIB))).value, pool.subarray(10 * KIB));
  assertEquals([own.buffer.byteLength, pool.length], [0, 32 * KIB]);
});

/** As much of a socket as a connection needs to read from it. */
class FakeSocket extends EventEmitter {
  isPaused = false;
  #sent = 0;
  readonly #content = contentOf(4096 * KIB);

  setNoDelay(): void {}

  setKeepAlive(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** So many more bytes come. */
  arrive(size: number): void {
    this.emit("data", this.#content.slice(this.#sent, this.#sent += size));
  }
}

/** A reader over a connection over `socket` that has taken its first KiB, into so many bytes. */
async function readerOf(socket: FakeSocket, takes: number): Promise<ReadableStreamBYOBReader> {
  const connection = new NodeConnection(socket as unknown as Socket, { isPaused: true });
  const reader = connection.readable.getReader({ mode: "byob" });
  const first = reader.read(new Uint8Array(takes));
  await settled();
  socket.arrive(KIB);
  assertEquals((await first).value?.length, KIB);
  return reader;
}

/** Has pieces come until the socket is paused; how many bytes those were. */
function arrivedUntilPause(socket: FakeSocket): number {
  let arrived = 0;
  while (!socket.isPaused && arrived < 4000 * KIB) {
    socket.arrive(16 * KIB);
    arrived += 16 * KIB;
  }
  return arrived;
}
