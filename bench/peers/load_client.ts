// The load client, as cheap as wrk, which is written in C: so that the server is measured and not its client.
// `load_client.ts HOST:PORT CONNECTIONS SECONDS NAME` makes the request of a `get` of a small file again and
// again on each connection and prints a line of JSON. Bytes go straight from and to the system's calls.

import { concat, equals } from "@std/bytes";
import { BLOCK_SIZE, leafHash } from "../../lib/base/merkle.ts";
import { parseAddress } from "../../lib/cli/address.ts";
import { decode, encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { HEADER_SIZE, type Message } from "../../lib/protocol/messages.ts";
import { type Libc, openLibc, PollList } from "../measure/libc.ts";
import { LoadCount } from "./load_count.ts";

/** Every so many replies one is compared with the first, byte by byte; the size of each is checked. */
const COMPARE_EVERY = 64;

const [address, connections, seconds, name] = Deno.args;
const { host, port } = parseAddress(address!, { source: "HOST:PORT" });
const libc = openLibc();
const request = encode({
  type: "ReadRange",
  tag: 1,
  offset: 0,
  length: BLOCK_SIZE * 8, // what the client asks for while it does not know the size
  chunk: 1300,
  proof: 1,
  version: 0,
  name: name!,
});
const sockets = Array.from({ length: Number(connections) }, () => open(libc));
const reply = firstReply(libc, sockets[0]!);
const count = run(libc);
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(count.report())}\n`));

/** Keeps one request under way on each connection until the time is over. */
function run(libc: Libc): LoadCount {
  const poll = new PollList(sockets);
  const total = BigInt(sockets.length);
  const buffer = new Uint8Array(64 * 1024);
  const received = new Int32Array(sockets.length);
  const sentMs = new Float64Array(sockets.length);
  const count = new LoadCount(Number(seconds));
  sockets.forEach((socket, index) => {
    sentMs[index] = performance.now();
    send(libc, socket, request);
  });
  while (!count.isOver) {
    libc.poll(poll.list, total, 1000);
    for (let index = 0; index < sockets.length; index++) {
      if (!poll.isReady(index)) continue;
      // Behind what has come of this reply: only one that comes in one piece, as nearly all do, is compared.
      const size = Number(libc.read(sockets[index]!, buffer, BigInt(buffer.length)));
      if (size <= 0) throw new Error("The server has closed a connection");
      if (size === reply.length && count.requests % COMPARE_EVERY === 0) check(buffer, size);
      received[index]! += size;
      if (received[index]! < reply.length) continue;
      if (received[index]! > reply.length) throw new Error("A reply is longer than the first one");
      received[index] = 0;
      const now = performance.now();
      count.add(now - sentMs[index]!);
      sentMs[index] = now;
      send(libc, sockets[index]!, request);
    }
  }
  return count;
}

function check(buffer: Uint8Array, size: number): void {
  if (!equals(buffer.subarray(0, size), reply)) {
    throw new Error("A reply differs from the first one");
  }
}

/** A connection that is greeted. */
function open(libc: Libc): number {
  const [inet, stream, tcp, noDelay] = [2, 1, 6, 1];
  const socket = libc.socket(inet, stream, 0);
  const parts = host.split(".").map(Number);
  const to = Uint8Array.from([inet, 0, port >> 8, port & 0xff, ...parts, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (libc.connect(socket, to, to.length) !== 0) throw new Error(`No connection to ${address}`);
  libc.setsockopt(socket, tcp, noDelay, Uint8Array.of(1, 0, 0, 0), 4);
  send(libc, socket, encode(hello()));
  receive(libc, socket, "Welcome");
  return socket;
}

/** Makes the request once, proves what comes and returns its bytes, which all others must be like. */
function firstReply(libc: Libc, socket: number): Uint8Array {
  send(libc, socket, request);
  const { bytes, messages } = receive(libc, socket, "End");
  const file = messages.find((message) => message.type === "File");
  const data = messages.flatMap((message) => message.type === "Data" ? [message.data] : []);
  if (!file || !equals(leafHash(concat(data)), file.digest)) {
    throw new Error(`The reply to a request for ${name} is not the file`);
  }
  return bytes;
}

/** Reads frames up to one of this type. */
function receive(
  libc: Libc,
  socket: number,
  last: Message["type"],
): { bytes: Uint8Array; messages: Message[] } {
  const piece = new Uint8Array(64 * 1024);
  const messages: Message[] = [];
  let bytes = new Uint8Array();
  for (let start = 0;;) {
    const frame = bytes.subarray(start);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    if (frame.length < HEADER_SIZE || frame.length < view.getUint32(0)) {
      const size = Number(libc.read(socket, piece, BigInt(piece.length)));
      if (size <= 0) throw new Error("The server has closed a connection");
      bytes = concat([bytes, piece.subarray(0, size)]);
      continue;
    }
    const body = frame.subarray(HEADER_SIZE, view.getUint32(0));
    const message = decode({ number: view.getUint8(4), tag: view.getUint32(5), body });
    if (message.type === "Error") throw new Error(message.text);
    if (message.type !== "Unknown") messages.push(message);
    start += view.getUint32(0);
    if (message.type === last) return { bytes, messages };
  }
}

function send(libc: Libc, socket: number, bytes: Uint8Array<ArrayBufferLike>): void {
  const taken = libc.write(socket, bytes as Uint8Array<ArrayBuffer>, BigInt(bytes.length));
  if (Number(taken) !== bytes.length) throw new Error("The server does not take a request");
}
