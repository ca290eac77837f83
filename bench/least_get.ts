// The least that a get can cost on this runtime: a program that only takes 1300-byte frames out of a stream, joins
// them, hashes them in blocks and writes them to a file, from another that only frames a file. No requests, proofs,
// deadlines or resuming; what Morsel takes beyond it is its own. `deno run -A bench/least_get.ts [--size 1GiB]`

import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { equals } from "@std/bytes";
import { BLOCK_SIZE, merkleRoot } from "../lib/base/merkle.ts";
import { DataBatch } from "../lib/protocol/data_batch.ts";
import { DATA_HEADER_SIZE } from "../lib/protocol/messages.ts";
import { orUsage, parseCount, parseSize, print, readOptions } from "./measure/options.ts";

const HELP = `deno run -A bench/least_get.ts [--size SIZE] [--rounds N] [--folder DIR]`;
const CHUNK = 1300;
const WRITE_SIZE = 256 * 1024;
const LEAF = Uint8Array.of(0);

if (Deno.args[0] === "server") await serveOnce(Deno.args[1]!);
else if (Deno.args[0] === "client") await fetchOnce(Deno.args[1]!, Number(Deno.args[2]));
else await compare();

async function compare(): Promise<void> {
  const given = readOptions(["size", "rounds", "folder"], HELP);
  const { size, rounds } = orUsage(() => ({
    size: parseSize(given.size ?? "1GiB"),
    rounds: parseCount(given.rounds ?? "5"),
  }));
  const folder = await Deno.makeTempDir({ dir: given.folder ?? ".", prefix: "morsel-least-" });
  try {
    await Deno.writeFile(`${folder}/source`, pieces(size));
    const digest = digestOf(`${folder}/source`);
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const server = child(["server", `${folder}/source`]);
      const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
      const port = (await lines.read()).value!.trim();
      const beganMs = performance.now();
      const { code } = await child(["client", `${folder}/target`, port]).status;
      seconds.push((performance.now() - beganMs) / 1000);
      await server.status;
      if (code !== 0 || !equals(digestOf(`${folder}/target`), digest)) {
        throw new Error("It differs");
      }
      await Deno.remove(`${folder}/target`);
    }
    const median = seconds.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
    print(`${seconds.map((value) => value.toFixed(2)).join(" ")} s; ${rate(size, median)} MB/s`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function rate(size: number, seconds: number): number {
  return Math.round(size / seconds / 1e6);
}

function child(args: string[]): Deno.ChildProcess {
  const script = new URL(import.meta.url).pathname;
  const command = ["run", "-A", script, ...args];
  return new Deno.Command(Deno.execPath(), { args: command, stdout: "piped" }).spawn();
}

function pieces(size: number): ReadableStream<Uint8Array> {
  let left = size;
  return new ReadableStream({
    pull: (controller) => {
      const piece = crypto.getRandomValues(new Uint8Array(Math.min(left, 65536)));
      controller.enqueue(piece);
      left -= piece.length;
      if (left === 0) controller.close();
    },
  });
}

/** Sends the file in Data frames to the first who connects. */
async function serveOnce(path: string): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  print(String(listener.addr.port));
  using connection = await listener.accept();
  listener.close();
  const file = openSync(path, "r");
  const batches = [new DataBatch(CHUNK, Infinity), new DataBatch(CHUNK, Infinity)];
  let written: Promise<void> | undefined;
  let offset = 0;
  for (let turn = 0;; turn = 1 - turn) {
    const batch = batches[turn]!;
    const count = readSync(file, batch.space(batch.capacity), 0, batch.capacity, offset);
    await written;
    if (count === 0) return;
    written = writeAll(connection, batch.frames(count, { tag: 1, offset }));
    offset += count;
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

/** Joins payloads at the front of a buffer, behind which the next bytes are read. */
async function fetchOnce(path: string, port: number): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const file = openSync(path, "w");
  const bytes = new Uint8Array(4 * 1024 * 1024);
  const view = new DataView(bytes.buffer);
  const leaves: Uint8Array[] = [];
  let [payload, framesEnd, position] = [0, 0, 0];
  for (;;) {
    const count = await connection.read(bytes.subarray(framesEnd));
    if (count === null) break;
    let start = payload;
    framesEnd += count;
    while (framesEnd - start >= 4) {
      const size = view.getUint32(start);
      if (framesEnd - start < size) break;
      bytes.copyWithin(payload, start + DATA_HEADER_SIZE, start + size);
      payload += size - DATA_HEADER_SIZE;
      start += size;
    }
    const whole = payload - payload % BLOCK_SIZE;
    take(whole);
    bytes.copyWithin(0, whole, payload);
    payload -= whole;
    bytes.copyWithin(payload, start, framesEnd);
    framesEnd = payload + framesEnd - start;
  }
  take(payload);
  closeSync(file);
  if (leaves.length === 0) throw new Error("Nothing came");

  function take(size: number): void {
    for (let start = 0; start < size; start += BLOCK_SIZE) {
      const block = bytes.subarray(start, Math.min(size, start + BLOCK_SIZE));
      leaves.push(createHash("sha256").update(LEAF).update(block).digest());
    }
    for (let start = 0; start < size;) {
      const most = WRITE_SIZE - (position + start) % WRITE_SIZE;
      start += writeSync(file, bytes, start, Math.min(most, size - start), position + start);
    }
    position += size;
  }
}

function digestOf(path: string): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  const leaves: number[] = [];
  using file = Deno.openSync(path);
  for (let count = file.readSync(block); count !== null; count = file.readSync(block)) {
    leaves.push(...createHash("sha256").update(LEAF).update(block.subarray(0, count)).digest());
  }
  return merkleRoot(Uint8Array.from(leaves));
}
