// The other side of the network conformance suite: a listener whose connections each begin with a line of
// JSON that says what is to be done with them. It runs on any runtime, beside the suite or elsewhere.

import { systemClock } from "../../lib/runtime/system_clock.ts";
import type { Connection, Listener } from "../../lib/runtime/connection.ts";
import { wait } from "../../lib/base/wait.ts";
import { contentOf } from "../support/content.ts";

/** What a connection asks for in its first line. */
export type Order =
  /** Send back all that comes, until its end. */
  | { do: "echo" }
  /** Send so many bytes of `contentOf` in one write, then read until the end. */
  | { do: "give"; id: number; size: number }
  /** Read all until the end, and only then say how much it was and what it adds up to. */
  | { do: "take" }
  /** Say a byte after every second one that comes. */
  | { do: "pairs" }
  /** Read nothing until `cut` or `look` with `read`. */
  | { do: "hold"; id: number }
  /** Say what has become of another connection, after having it read on if asked to. */
  | { do: "look"; id: number; read?: boolean }
  /** Close another connection at once, with what has come for it unread. */
  | { do: "cut"; id: number };

/** What the peer knows of a connection that has an id. */
export interface Sight {
  /** Bytes that the connection says are written. */
  readonly written: number;
  /** How its reading has ended, if it has. */
  readonly end: "open" | "ended" | "failed";
}

interface Guest {
  readonly connection: Connection;
  readonly mayRead: PromiseWithResolvers<void>;
  end: Sight["end"];
}

/** Serves the orders of a suite until the listener is closed, which ends those under way. */
export async function servePeer(listener: Listener): Promise<void> {
  const guests = new Map<number, Guest>();
  const serving = new Map<Connection, Promise<void>>();
  for (let next = await listener.accept(); next; next = await listener.accept()) {
    const connection = next;
    // What a connection meets is told to the suite, which knows what it should have met.
    const served = serve(connection, guests).catch(() => {}).finally(() => {
      connection.close();
      serving.delete(connection);
    });
    serving.set(connection, served);
  }
  for (const connection of serving.keys()) connection.close();
  for (const guest of guests.values()) guest.mayRead.resolve();
  await Promise.all(serving.values());
}

async function serve(connection: Connection, guests: Map<number, Guest>): Promise<void> {
  const line = new LineReader(connection.readable);
  const writer = connection.writable.getWriter();
  writer.closed.catch(() => {});
  const order = JSON.parse(await line.read()) as Order;
  const say = (what: unknown) => writer.write(new TextEncoder().encode(JSON.stringify(what)));
  switch (order.do) {
    case "echo":
      for await (const piece of line.rest()) await writer.write(piece.slice());
      return await writer.close();
    case "take": {
      const taken = { size: 0, sum: 0 };
      for await (const piece of line.rest()) {
        taken.size += piece.length;
        taken.sum = checksum(piece, taken.sum);
      }
      await say(taken);
      return await writer.close();
    }
    case "pairs": {
      let come = 0;
      for await (const piece of line.rest()) {
        for (let index = 0; index < piece.length; index++) {
          if (++come % 2 === 0) await writer.write(Uint8Array.of(come));
        }
      }
      return await writer.close();
    }
    case "give": {
      const guest = enter(order.id, connection, guests);
      guest.mayRead.resolve();
      const given = writer.write(contentOf(order.size)).then(() => writer.close()).catch(() => {});
      await watchEnd(guest, line);
      return await given;
    }
    case "hold":
      return await watchEnd(enter(order.id, connection, guests), line);
    case "look": {
      const guest = await find(order.id, guests);
      if (order.read) guest.mayRead.resolve();
      const { connection: { bytesWritten }, end } = guest;
      await say({ written: bytesWritten, end } satisfies Sight);
      return await writer.close();
    }
    case "cut": {
      const guest = await find(order.id, guests);
      guest.connection.close();
      guest.mayRead.resolve();
      // Over TLS a connection that ends without a byte is one that was refused.
      await say(null);
      return await writer.close();
    }
    default:
      return order satisfies never;
  }
}

function enter(id: number, connection: Connection, guests: Map<number, Guest>): Guest {
  const guest: Guest = { connection, mayRead: Promise.withResolvers(), end: "open" };
  guests.set(id, guest);
  return guest;
}

/** An order may overtake the one that it is about, as they come over two connections. */
async function find(id: number, guests: Map<number, Guest>): Promise<Guest> {
  for (let turn = 0; turn < 5000; turn++) {
    const guest = guests.get(id);
    if (guest) return guest;
    await wait(systemClock, 2);
  }
  throw new Error(`Nobody came as ${id}`);
}

async function watchEnd(guest: Guest, line: LineReader): Promise<void> {
  await guest.mayRead.promise;
  try {
    for await (const _ of line.rest());
    guest.end = "ended";
  } catch {
    guest.end = "failed";
  }
}

/** A number that differs if a byte of the content does, or its place. */
export function checksum(bytes: Uint8Array, before = 0): number {
  let sum = before;
  for (let index = 0; index < bytes.length; index++) sum = (sum * 31 + bytes[index]!) | 0;
  return sum;
}

/** A first line, and then all that follows. */
class LineReader {
  readonly #reader: ReadableStreamBYOBReader;

  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader({ mode: "byob" });
  }

  async read(): Promise<string> {
    let line = "";
    for (let bytes = new Uint8Array(1);;) {
      const { value, done } = await this.#reader.read(bytes);
      if (done) throw new Error("The connection ended within its order");
      if (value[0] === 10) return line;
      line += String.fromCharCode(value[0]!);
      bytes = new Uint8Array(value.buffer);
    }
  }

  /** Pieces of up to 16 KiB; each is good until the next is asked for. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (let bytes = new Uint8Array(16 * 1024);;) {
      const { value, done } = await this.#reader.read(bytes);
      if (done) return;
      yield value;
      bytes = new Uint8Array(value.buffer);
    }
  }
}
