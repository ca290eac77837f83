// A connection on Deno that is never waited for, and what others get to read beside it.

import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import type { Connection } from "../../lib/runtime/connection.ts";

const MIB = 1024 * 1024;

Deno.test("a connection that always has bytes to read leaves others their turn", async () => {
  await assertLeavesTurns("send", ({ readable }) => {
    const reader = readable.getReader({ mode: "byob" });
    return async () => (await reader.read(new Uint8Array(MIB))).value!;
  });
});

Deno.test("a connection that always takes bytes leaves others their turn", async () => {
  await assertLeavesTurns("take", ({ writable }) => {
    const writer = writable.getWriter();
    const bytes = new Uint8Array(MIB);
    return async () => {
      await writer.write(bytes);
      return bytes;
    };
  });
});

/** Moves bytes of a busy connection all the time, and asserts that a message on another is read in between. */
async function assertLeavesTurns(
  what: "send" | "take",
  mover: (busy: Connection) => () => Promise<Uint8Array>,
): Promise<void> {
  const listener = await denoNetwork.listen({ host: "127.0.0.1", port: 0 });
  await using _peer = startPeer(listener.address.port, what);
  const busy = (await listener.accept())!;
  const near = await denoNetwork.connect(listener.address);
  const far = (await listener.accept())!;
  listener.close();
  const move = mover(busy);
  const reader = far.readable.getReader({ mode: "byob" });
  const writer = near.writable.getWriter();
  const between: number[] = [];
  for (let message = 1; message <= 4; message++) {
    let isThere = false;
    const reading = reader.read(new Uint8Array(1)).then(({ value }) => {
      isThere = true;
      return value;
    });
    // Well into it, wherever in its turn the runtime is.
    for (let size = 0; size < 11 * MIB;) size += await moveSlowly(move);
    await writer.write(Uint8Array.of(message));
    let bytes = 0;
    while (!isThere && bytes < 64 * MIB) bytes += await moveSlowly(move);
    between.push(bytes / MIB);
    assertEquals(await reading, Uint8Array.of(message));
  }
  for (const connection of [busy, near, far]) connection.close();
  assert(Math.max(...between) < 8, `MiB moved meanwhile: ${between}`);
}

/** Takes longer for bytes than the peer does, so that there is never anything to wait for. */
async function moveSlowly(move: () => Promise<Uint8Array>): Promise<number> {
  const bytes = await move();
  for (let times = 0; times < 3; times++) createHash("sha256").update(bytes).digest();
  return bytes.length;
}

function startPeer(port: number, what: string): AsyncDisposable {
  const script = new URL("busy_peer_main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", script, String(port), what],
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    [Symbol.asyncDispose]: async () => {
      // It ends by itself where its connection was closed.
      try {
        child.kill();
      } catch {
        // It has.
      }
      await child.status;
    },
  };
}
