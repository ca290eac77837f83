// Puts a large file and gets it, server and client in this one process, and prints what lives in the heap early on
// and at the end of each, in bytes. Needs `--v8-flags=--expose-gc`: only what a full collection leaves counts.

import { connect, serve } from "../../mod.ts";

const SIZE = 512 * 1024 * 1024;
/** By then what is made once is made, such as buffers, code and what the store keeps open. */
const EARLY = 128 * 1024 * 1024;
const LATE = SIZE - 4 * 1024 * 1024;

const { gc } = globalThis as unknown as { gc: () => void };

/** Told how far a transfer is, notes what lives there. */
class Living {
  readonly bytes: number[] = [];

  at(position: number): void {
    if (position < [EARLY, LATE, Infinity][this.bytes.length]!) return;
    gc();
    const { heapUsed, external } = Deno.memoryUsage();
    this.bytes.push(heapUsed + external);
  }
}

const dataFolder = await Deno.makeTempDir();
const [put, got] = [new Living(), new Living()];
try {
  await using server = await serve({ dataFolder, address: { port: 0 } });
  await using client = await connect(server.address);
  await client.put("large", {
    read(into, position) {
      put.at(position);
      return Promise.resolve(Math.min(into.length, Math.max(0, SIZE - position)));
    },
  }, { size: SIZE });
  const download = await client.get("large");
  await download.copyTo({
    write(_bytes, position) {
      got.at(position);
      return Promise.resolve();
    },
  });
} finally {
  await Deno.remove(dataFolder, { recursive: true });
}
await Deno.stdout.write(
  new TextEncoder().encode(JSON.stringify({ put: put.bytes, get: got.bytes })),
);
