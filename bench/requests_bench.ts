// What a small file costs, put and got over one connection: a server and a client in one process, over TCP on
// loopback. The control sends as many bytes there and back without Morsel.

import { assertEquals } from "@std/assert";
import { connect, serve } from "../mod.ts";

const content = crypto.getRandomValues(new Uint8Array(1024));
const folder = await Deno.makeTempDir();
const server = await serve({ address: { port: 0 }, dataFolder: folder });
const client = await connect(server.address);
const { digest } = await client.put("small", content);
assertEquals((await client.stat("small")).digest, digest);
assertEquals(await (await client.get("small")).bytes(), content);

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const asker = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
void answerWith(await listener.accept());
const reply = new Uint8Array(content.length);

/** Answers whatever is asked with as many bytes as the file has. */
async function answerWith(connection: Deno.TcpConn): Promise<void> {
  const question = new Uint8Array(64);
  while (await connection.read(question) !== null) await connection.write(content);
}

async function ask(): Promise<void> {
  await asker.write(content.subarray(0, 64));
  for (let read = 0; read < reply.length;) read += (await asker.read(reply))!;
}

Deno.bench("get 1 KiB", { group: "one" }, async () => {
  await (await client.get("small")).bytes();
});
Deno.bench("stat", { group: "one" }, async () => void await client.stat("small"));
Deno.bench("control: 1 KiB over TCP", { group: "one", baseline: true }, ask);

let number = 0;

/** New content, as an old one would only be found again. */
function different(): Uint8Array {
  new DataView(content.buffer).setUint32(0, number++);
  return content;
}

Deno.bench("get 64 files of 1 KiB at once", { group: "many" }, async () => {
  const gets = Array.from({ length: 64 }, async () => (await client.get("small")).bytes());
  await Promise.all(gets);
});
Deno.bench("put 64 files of 1 KiB at once, durable", { group: "many" }, async () => {
  await Promise.all(Array.from({ length: 64 }, (_, index) => {
    return client.put(`many/${index}`, different().slice());
  }));
});
Deno.bench("control: 64 times 1 KiB over TCP", { group: "many", baseline: true }, async () => {
  for (let count = 0; count < 64; count++) await ask();
});

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
