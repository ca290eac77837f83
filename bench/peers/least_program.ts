// The least that a file can cost on this runtime: a server and a client that only lay it out in frames of 1300 bytes,
// join them, hash them in blocks where Morsel does, and write. No requests, proofs, deadlines or resuming: what
// Morsel takes beyond it is its own. `serve HOST SERVED INCOMING`, `get HOST PORT NAME PATH`, `put HOST PORT PATH NAME`

import { concat, equals } from "@std/bytes";
import { BLOCK_SIZE, leafHash } from "../../lib/base/merkle.ts";
import { DataBatch } from "../../lib/protocol/data_batch.ts";
import { DATA_HEADER_SIZE } from "../../lib/protocol/messages.ts";
import { print } from "../measure/options.ts";

const CHUNK = 1300;
/** As Morsel does: what a server sends, what a client does, what both receive at once, what they write. */
const SERVER_READS = 4 * BLOCK_SIZE;
const CLIENT_READS = 16 * BLOCK_SIZE;
const CLIENT_RECEIVES = 4 * 1024 * 1024;
const SERVER_RECEIVES = 1024 * 1024;
const WRITES = 256 * 1024;
/** What is asked for, filled up with spaces: nothing else has to say how long it is. */
const REQUEST_SIZE = 256;

const [role, host, ...args] = Deno.args as [string, string, string, string, string];
if (role === "serve") await serve(args[0], args[1]);
else {
  using connection = await Deno.connect({ hostname: host, port: Number(args[0]) });
  const request = `${role} ${role === "get" ? args[1] : args[2]}`.padEnd(REQUEST_SIZE);
  await writeAll(connection, new TextEncoder().encode(request));
  if (role === "get") await receive(connection, { path: args[2], most: CLIENT_RECEIVES });
  else await put(connection, args[1]);
}

/** Serves one after the other. */
async function serve(served: string, incoming: string): Promise<void> {
  const listener = Deno.listen({ hostname: host, port: 0 });
  print(`listening on ${listener.addr.port}`);
  for await (const accepted of listener) {
    using connection = accepted;
    const asked = new TextDecoder().decode(await readExactly(connection, REQUEST_SIZE));
    const [verb, name] = asked.trim().split(" ");
    if (verb === "get") await send(connection, { path: `${served}/${name}`, reads: SERVER_READS });
    else {
      const into = { path: `${incoming}/${name}`, most: SERVER_RECEIVES, isDurable: true };
      const digest = await receive(connection, into);
      await writeAll(connection, digest);
    }
  }
}

async function put(connection: Deno.TcpConn, path: string): Promise<void> {
  const leaves: Uint8Array[] = [];
  const onBlock = (block: Uint8Array) => void leaves.push(leafHash(block));
  await send(connection, { path, reads: CLIENT_READS, onBlock });
  await connection.closeWrite();
  const digest = await digestOf(leaves);
  if (!equals(await readExactly(connection, digest.length), digest)) throw new Error("It differs");
}

/** Sends a file in Data frames, the next ones made while some are written. */
async function send(
  connection: Deno.TcpConn,
  { path, reads, onBlock }: { path: string; reads: number; onBlock?: (block: Uint8Array) => void },
): Promise<void> {
  using file = await Deno.open(path);
  const size = Math.ceil(reads / CHUNK) * (CHUNK + DATA_HEADER_SIZE);
  const batches = [new DataBatch(CHUNK, Infinity, size), new DataBatch(CHUNK, Infinity, size)];
  let written: Promise<void> | undefined;
  let offset = 0;
  for (let turn = 0;; turn = 1 - turn) {
    const batch = batches[turn]!;
    const space = batch.space(reads);
    const count = file.readSync(space) ?? 0;
    if (onBlock) eachBlock(space.subarray(0, count), onBlock);
    await written;
    if (count === 0) return;
    written = writeAll(connection, batch.frames(count, { tag: 1, offset }));
    offset += count;
  }
}

/** Joins payloads at the front of a buffer, behind which the next bytes are read; the digest of their blocks. */
async function receive(
  connection: Deno.TcpConn,
  { path, most, isDurable = false }: { path: string; most: number; isDurable?: boolean },
): Promise<Uint8Array> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const bytes = new Uint8Array(most);
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
    eachBlock(bytes.subarray(0, whole), (block) => void leaves.push(leafHash(block)));
    write(whole);
    bytes.copyWithin(0, whole, payload);
    payload -= whole;
    bytes.copyWithin(payload, start, framesEnd);
    framesEnd = payload + framesEnd - start;
  }
  if (payload > 0) leaves.push(await lastLeaf(bytes.subarray(0, payload), leaves.length));
  write(payload);
  if (isDurable) await file.syncData();
  return await digestOf(leaves);

  function write(size: number): void {
    for (let start = 0; start < size;) {
      const end = Math.min(size, start + WRITES - (position + start) % WRITES);
      start += file.writeSync(bytes.subarray(start, end));
    }
    position += size;
  }
}

function eachBlock(bytes: Uint8Array, take: (block: Uint8Array) => void): void {
  for (let start = 0; start < bytes.length; start += BLOCK_SIZE) {
    take(bytes.subarray(start, start + BLOCK_SIZE));
  }
}

/** By WebCrypto where it is all there is, as `node:crypto` takes 50 ms to be loaded. */
async function lastLeaf(block: Uint8Array<ArrayBuffer>, before: number): Promise<Uint8Array> {
  return before > 0 ? leafHash(block) : await digestOf([Uint8Array.of(0), block]);
}

async function digestOf(parts: Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(parts)));
}

async function readExactly(connection: Deno.TcpConn, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let have = 0; have < size;) {
    const count = await connection.read(bytes.subarray(have));
    if (count === null) throw new Error("It ends before its time");
    have += count;
  }
  return bytes;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}
