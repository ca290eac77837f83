// What a range of a large file costs that is asked for here and there: 64 KiB with their proof, a server and a client in
// one process, over TCP on loopback. The control sends as many bytes without Morsel.

import { assertEquals } from "@std/assert";
import { connect, serve } from "../mod.ts";

const BLOCK = 64 * 1024;
/** Each other part of the hash tree than the one before, as they go round: four parts of 64 MiB. */
const BLOCKS = 4 * 1024;
const STEP = 1021;

const block = crypto.getRandomValues(new Uint8Array(BLOCK));
const folder = await Deno.makeTempDir();
const server = await serve({ address: { port: 0 }, dataFolder: folder });
const client = await connect(server.address);
await client.put("large", {
  read: (into, position) => {
    for (let filled = 0; filled < into.length;) {
      const rest = block.subarray((position + filled) % BLOCK);
      const piece = rest.subarray(0, into.length - filled);
      into.set(piece, filled);
      filled += piece.length;
    }
    return Promise.resolve(Math.max(0, Math.min(into.length, BLOCKS * BLOCK - position)));
  },
}, { size: BLOCKS * BLOCK });

let next = 0;

async function readBlock(options: { verify?: boolean } = {}): Promise<Uint8Array> {
  const start = (next = (next + STEP) % BLOCKS) * BLOCK;
  return await (await client.get("large", { start, end: start + BLOCK, ...options })).bytes();
}

for (let warm = 0; warm < 16; warm++) assertEquals(await readBlock(), block);

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const asker = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
void answerWith(await listener.accept());
const reply = new Uint8Array(BLOCK);

/** Answers whatever is asked with as many bytes as a block has. */
async function answerWith(connection: Deno.TcpConn): Promise<void> {
  const question = new Uint8Array(64);
  while (await connection.read(question) !== null) {
    for (let sent = 0; sent < BLOCK;) sent += await connection.write(block.subarray(sent));
  }
}

Deno.bench("64 KiB of a large file, here and there", { group: "range" }, async () => {
  await readBlock();
});
Deno.bench("the same without a proof", { group: "range" }, async () => {
  await readBlock({ verify: false });
});
Deno.bench("control: 64 KiB over TCP", { group: "range", baseline: true }, async () => {
  await asker.write(block.subarray(0, 64));
  for (let read = 0; read < BLOCK;) read += (await asker.read(reply))!;
});

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
