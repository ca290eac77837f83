// What a small exchange costs on an open connection, by how it is read and written: through the readers and writers
// that Morsel's connections give, through those that every stream has, and without streams.

import { assertEquals } from "@std/assert";
import { denoNetwork } from "../lib/runtime/deno_network.ts";

const QUESTION = new Uint8Array(64);
const ANSWER = crypto.getRandomValues(new Uint8Array(1400));

/** How one end is read and written. */
interface End {
  read(into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  write(bytes: Uint8Array): Promise<unknown>;
}

type Connection = Awaited<ReturnType<typeof denoNetwork.connect>>;

/** Two ends of one TCP connection. */
async function connected(): Promise<[Connection, Connection]> {
  const listener = await denoNetwork.listen({ host: "127.0.0.1", port: 0 });
  const both = [denoNetwork.connect(listener.address), listener.accept()] as const;
  const [asks, answers] = await Promise.all(both);
  listener.close();
  return [asks, answers!];
}

function ownEnd({ readable, writable }: Connection): End {
  return endOf(readable.getReader({ mode: "byob" }), writable.getWriter());
}

/** What the streams would give if theirs were not replaced. */
function streamEnd({ readable, writable }: Connection): End {
  return endOf(
    ReadableStream.prototype.getReader.call(readable, { mode: "byob" }) as ReadableStreamBYOBReader,
    WritableStream.prototype.getWriter.call(writable),
  );
}

function endOf(reader: ReadableStreamBYOBReader, writer: WritableStreamDefaultWriter): End {
  return {
    read: async (into) => (await reader.read(into)).value!,
    write: (bytes) => writer.write(bytes),
  };
}

function tcpEnd(connection: Deno.TcpConn): End {
  return {
    read: async (into) => into.subarray(0, (await connection.read(into))!),
    write: (bytes) => connection.write(bytes),
  };
}

async function answerAlways(end: End): Promise<never> {
  for (let into = new Uint8Array(4096);;) {
    into = new Uint8Array((await end.read(into)).buffer);
    await end.write(ANSWER);
  }
}

/** Asks once over each, and checks what comes. */
async function exchanges(asks: End, answers: End): Promise<() => Promise<void>> {
  void answerAlways(answers);
  let into = new Uint8Array(4096);
  const ask = async () => {
    await asks.write(QUESTION);
    let count = 0;
    while (count < ANSWER.length) {
      const got = await asks.read(into.subarray(count));
      into = new Uint8Array(got.buffer);
      count += got.length;
    }
  };
  await ask();
  assertEquals(into.subarray(0, ANSWER.length), ANSWER);
  return ask;
}

const [own, theirs] = await connected();
const morsel = await exchanges(ownEnd(own), ownEnd(theirs));
const [plain, other] = await connected();
const streams = await exchanges(streamEnd(plain), streamEnd(other));
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const pair = [Deno.connect({ port: listener.addr.port }), listener.accept()] as const;
const [near, far] = await Promise.all(pair);
for (const connection of [near, far]) connection.setNoDelay(true);
const control = await exchanges(tcpEnd(near), tcpEnd(far));

Deno.bench("Morsel's connections", { group: "64 bytes there, 1400 back" }, morsel);
Deno.bench("through the queues of streams", { group: "64 bytes there, 1400 back" }, streams);
Deno.bench(
  "control: without streams",
  { group: "64 bytes there, 1400 back", baseline: true },
  control,
);
