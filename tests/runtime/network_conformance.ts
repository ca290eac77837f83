// What a network adapter must do, against a peer (network_peer.ts) that may run on another runtime.

import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { concat } from "@std/bytes";
import { eachBounded } from "../../lib/base/concurrency.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { wait } from "../../lib/base/wait.ts";
import type { Address, Connection, Network } from "../../lib/runtime/connection.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { contentOf } from "../support/content.ts";
import { checksum, type Order, type Sight } from "./network_peer.ts";
import { openResettable, resetAtOnce } from "./reset.ts";

const MIB = 1024 * 1024;
/** More than two systems and two adapters may keep of what nobody reads. */
const MOST_UNREAD = 16 * MIB;
/** Bytes of a buffer to read into. */
const PIECE = 16 * 1024;
/** How long what must happen may take, on the slowest of machines. */
const PATIENCE_MS = 20_000;

/** Where a case runs. */
export interface Place {
  /** The adapter under test. */
  readonly network: Network;
  /** Where `servePeer` listens. */
  readonly peer: Address;
  /** Where each connection is reset after its first byte: see `Resetter`. */
  readonly resetter: Address;
  /** Where connections are neither taken nor refused, if the machine has such a place. */
  readonly blackHole?: Address | undefined;
  /** How many connections are many. */
  readonly crowd: number;
}

/** A sentence that must hold. */
export interface Case {
  readonly sentence: string;
  run(place: Place): Promise<void>;
}

let lastId = 0;

/** All that must hold, on every runtime and between any two. */
export const NETWORK_CASES: readonly Case[] = [
  {
    sentence: "bytes come back in order, whatever they are written and read in",
    run: async (place) => {
      const content = contentOf(1_000_003);
      await using open = await order(place, { do: "echo" });
      const sizes = [1, 2, 1300, 70_000, 300_000];
      const writing = (async () => {
        for (let start = 0, turn = 0; start < content.length; turn++) {
          const part = content.slice(start, start + sizes[turn % sizes.length]!);
          await open.writer.write(part);
          start += part.length;
        }
        await open.writer.close();
      })();
      const back: Uint8Array[] = [];
      for (let turn = 0;; turn++) {
        const piece = await open.read(sizes[turn % 4]!);
        if (!piece) break;
        back.push(piece.slice());
      }
      await writing;
      assertEquals(checksum(concat(back)), checksum(content));
      assertEquals(open.connection.bytesWritten, open.orderSize + content.length);
    },
  },
  {
    sentence: "a reader without a buffer of its own gets the bytes as well",
    run: async (place) => {
      const { connection, writer } = await order(place, { do: "echo" }, { unread: true });
      await writer.write(contentOf(100_000));
      await writer.close();
      const back = new Uint8Array(await new Response(connection.readable).arrayBuffer());
      assertEquals(checksum(back), checksum(contentOf(100_000)));
      connection.close();
    },
  },
  {
    sentence:
      "a large write shows its progress, and waits for a reader after a bounded number of bytes",
    run: async (place) => {
      const id = ++lastId;
      await using open = await order(place, { do: "hold", id });
      const content = contentOf(24 * MIB);
      let isWritten = false;
      const writing = open.writer.write(content).then(() => isWritten = true);
      const held = await standsStill(() => Promise.resolve(open.connection.bytesWritten));
      assertGreater(held, open.orderSize);
      assertLess(held, MOST_UNREAD);
      assert(!isWritten);
      await look(place, id, { read: true });
      await writing;
      assertEquals(open.connection.bytesWritten, open.orderSize + content.length);
    },
  },
  {
    sentence: "who does not read holds the writer, and gets all that was sent later",
    run: async (place) => {
      const id = ++lastId;
      const size = 24 * MIB;
      await using open = await order(place, { do: "give", id, size });
      const first = await open.read(10);
      const held = await standsStill(async () => (await look(place, id)).written);
      assertGreater(held, 0);
      assertLess(held, MOST_UNREAD);
      let taken = first!.length;
      let sum = checksum(first!);
      for (let piece = await open.read(PIECE); piece; piece = await open.read(PIECE)) {
        taken += piece.length;
        sum = checksum(piece, sum);
      }
      assertEquals([taken, sum], [size, checksum(contentOf(size))]);
      assertEquals((await look(place, id)).written, size);
    },
  },
  {
    sentence: "the end of one direction leaves the other one open",
    run: async (place) => {
      await using open = await order(place, { do: "take" });
      const content = contentOf(3 * MIB);
      await open.writer.write(content);
      await open.writer.close();
      const answer = await open.readAll();
      const taken = JSON.parse(new TextDecoder().decode(answer));
      assertEquals(taken, { size: content.length, sum: checksum(content) });
    },
  },
  {
    sentence: "the peer's end is an end, again and again",
    run: async (place) => {
      await using open = await order(place, { do: "give", id: ++lastId, size: 10 });
      assertEquals(await open.readAll(), contentOf(10));
      assertEquals(await open.read(10), undefined);
      assertEquals(await open.read(10), undefined);
    },
  },
  {
    sentence: "a reset is an error to the reader and to the writer, and not an end",
    run: async ({ network, resetter }) => {
      const connection = await network.connect(resetter);
      const writer = connection.writable.getWriter();
      writer.closed.catch(() => {});
      const reading = connection.readable.getReader({ mode: "byob" }).read(new Uint8Array(10));
      await writer.write(Uint8Array.of(1));
      await assertRejects(() => inTime(reading));
      await assertRejects(async () => {
        for (;;) await inTime(writer.write(contentOf(MIB)));
      });
      connection.close();
    },
  },
  {
    sentence: "a reset of an accepted connection is an error, too",
    run: async (place) => {
      const id = ++lastId;
      const reset = await openResettable(place.network, place.peer, { do: "hold", id });
      assertEquals((await look(place, id, { read: true })).end, "open");
      reset();
      await until(async () => (await look(place, id)).end !== "open");
      assertEquals((await look(place, id)).end, "failed");
    },
  },
  {
    sentence: "connections that are reset before they are accepted are none, and the next one is",
    run: async ({ network }) => {
      const listener = await network.listen({ host: "127.0.0.1", port: 0 });
      await resetAtOnce(listener.address, 20);
      const connection = await network.connect(listener.address);
      await connection.writable.getWriter().write(Uint8Array.of(7));
      // What came to a program before it was reset may be told as a connection that has failed.
      for (;;) {
        const accepted = await inTime(listener.accept());
        const reader = accepted!.readable.getReader({ mode: "byob" });
        const first = await inTime(reader.read(new Uint8Array(1))).catch(() => undefined);
        accepted!.close();
        if (first?.value?.[0] === 7) break;
      }
      connection.close();
      listener.close();
    },
  },
  {
    sentence: "closing ends a read and a write that wait, and may be done twice",
    run: async (place) => {
      const id = ++lastId;
      const open = await order(place, { do: "hold", id });
      const reading = open.read(10);
      const writing = open.writer.write(contentOf(24 * MIB));
      writing.catch(() => {}); // it is looked at below
      await until(() => Promise.resolve(open.connection.bytesWritten > open.orderSize));
      open.connection.close();
      open.connection.close();
      await inTime(reading.catch(() => {}));
      await assertRejects(() => inTime(writing));
      await ask(place, { do: "cut", id });
    },
  },
  {
    sentence: "the end of writing comes, though the connection has long been closed",
    run: async (place) => {
      const open = await order(place, { do: "echo" });
      open.connection.close();
      await inTime(open.read(10).catch(() => {}));
      await wait(systemClock, 0); // a socket says that it is closed in a turn of its own
      await inTime(open.writer.close().catch(() => {}));
    },
  },
  {
    sentence: "small messages do not wait for the acknowledgement of earlier ones",
    run: async (place) => {
      await using open = await order(place, { do: "pairs" });
      const startedMs = performance.now();
      for (let turn = 0; turn < 50; turn++) {
        await open.writer.write(Uint8Array.of(1));
        await open.writer.write(Uint8Array.of(2));
        await open.read(1);
      }
      // With Nagle's algorithm each turn takes the 40 ms of a delayed acknowledgement.
      assertLess(performance.now() - startedMs, 1000);
      await open.writer.close();
    },
  },
  {
    sentence: "the other end is known by its host and port",
    run: async (place) => {
      await using open = await order(place, { do: "echo" });
      assertEquals(open.connection.remote, `${place.peer.host}:${place.peer.port}`);
      await open.writer.close();
    },
  },
  {
    sentence: "connecting where nobody listens fails at once, and says where",
    run: async ({ network }) => {
      const listener = await network.listen({ host: "127.0.0.1", port: 0 });
      const { port } = listener.address;
      listener.close();
      const error = await assertRejects(() => inTime(network.connect({ host: "127.0.0.1", port })));
      assertInstanceOf(error, MorselError);
      assertEquals(error.code, "connection");
      assertEquals(error.message, `Cannot connect to 127.0.0.1:${port}: Connection refused`);
    },
  },
  {
    sentence: "connecting to a name that nobody has fails, and says which",
    run: async ({ network }) => {
      const error = await assertRejects(() => network.connect({ host: "nobody.invalid", port: 1 }));
      assertInstanceOf(error, MorselError);
      assertEquals(error.code, "connection");
      assertStringIncludes(error.message, "Cannot connect to nobody.invalid:1: ");
    },
  },
  {
    sentence: "connecting ends with its signal, before and while it goes on",
    run: async ({ network, peer, blackHole }) => {
      const reason = new Error("no longer wanted");
      const signal = AbortSignal.abort(reason);
      assertEquals(await assertRejects(() => network.connect(peer, { signal })), reason);
      const stop = new AbortController();
      const connecting = network.connect(blackHole ?? peer, { signal: stop.signal });
      if (blackHole) await wait(systemClock, 20);
      stop.abort(reason);
      assertEquals(await assertRejects(() => inTime(connecting)), reason);
    },
  },
  {
    sentence: "a connection outlives the signal that it was made under",
    run: async (place) => {
      const stop = new AbortController();
      const connection = await place.network.connect(place.peer, { signal: stop.signal });
      await using open = await begin(connection, { do: "echo" });
      stop.abort();
      await open.writer.write(Uint8Array.of(7));
      assertEquals(await open.read(10), Uint8Array.of(7));
    },
  },
  {
    sentence: "a place that is taken cannot be listened at, and the error says which",
    run: async ({ network }) => {
      const listener = await network.listen({ host: "127.0.0.1", port: 0 });
      const { port } = listener.address;
      const error = await assertRejects(() => network.listen({ host: "127.0.0.1", port }));
      listener.close();
      assertInstanceOf(error, MorselError);
      assertEquals(error.code, "connection");
      assertEquals(error.message, `Cannot listen on 127.0.0.1:${port}: Address already in use`);
    },
  },
  {
    sentence: "a closed listener takes no more, ends the wait for one, and leaves the others alone",
    run: async ({ network }) => {
      const listener = await network.listen({ host: "127.0.0.1", port: 0 });
      const connecting = network.connect(listener.address);
      const accepted = (await listener.accept())!;
      const connection = await connecting;
      const accepting = listener.accept();
      listener.close();
      listener.close();
      assertEquals(await inTime(accepting), undefined);
      assertEquals(await listener.accept(), undefined);
      await assertRejects(() => network.connect(listener.address), MorselError);
      const writer = accepted.writable.getWriter();
      await writer.write(Uint8Array.of(1, 2, 3));
      const reader = connection.readable.getReader({ mode: "byob" });
      assertEquals((await reader.read(new Uint8Array(3))).value, Uint8Array.of(1, 2, 3));
      accepted.close();
      connection.close();
    },
  },
  {
    sentence: "many connections are open at a time, and each has its own bytes",
    run: async (place) => {
      const numbers = Array.from({ length: place.crowd }, (_, index) => index);
      const crowd: Awaited<ReturnType<typeof order>>[] = [];
      const open = async () => void crowd.push(await order(place, { do: "echo" }));
      await eachBounded(numbers, open, { limit: 50 });
      await eachBounded(crowd, async (open) => {
        const own = contentOf(100, crowd.indexOf(open));
        await open.writer.write(own);
        await open.writer.close();
        assertEquals(checksum(await open.readAll()), checksum(own));
      }, { limit: 50 });
      for (const open of crowd) open.connection.close();
    },
  },
];

/** A connection to the peer, with its order given; disposing it closes it. */
class Open implements AsyncDisposable {
  readonly connection: Connection;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Bytes that the order took. */
  readonly orderSize: number;
  readonly #reader: ReadableStreamBYOBReader | undefined;

  constructor(
    connection: Connection,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    { orderSize, unread }: { orderSize: number; unread: boolean },
  ) {
    this.connection = connection;
    this.writer = writer;
    this.orderSize = orderSize;
    if (!unread) this.#reader = connection.readable.getReader({ mode: "byob" });
  }

  /** The next bytes, at most so many; undefined at the end. */
  async read(atMost: number): Promise<Uint8Array | undefined> {
    const { value, done } = await inTime(this.#reader!.read(new Uint8Array(atMost)));
    if (!done) assert(value.length > 0 && value.length <= atMost);
    return done ? undefined : value;
  }

  async readAll(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let piece = await this.read(PIECE); piece; piece = await this.read(PIECE)) {
      pieces.push(piece);
    }
    return concat(pieces);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close();
    await this.writer.abort().catch(() => {});
  }
}

async function order(
  { network, peer }: Place,
  what: Order,
  { unread = false } = {},
): Promise<Open> {
  return await begin(await network.connect(peer), what, unread);
}

async function begin(connection: Connection, what: Order, unread = false): Promise<Open> {
  const writer = connection.writable.getWriter();
  writer.closed.catch(() => {});
  const line = new TextEncoder().encode(`${JSON.stringify(what)}\n`);
  await writer.write(line);
  return new Open(connection, writer, { orderSize: line.length, unread });
}

/** What the peer answers to an order on a connection of its own. */
async function ask(place: Place, what: Order): Promise<string> {
  await using open = await order(place, what);
  return new TextDecoder().decode(await open.readAll());
}

async function look(place: Place, id: number, { read = false } = {}): Promise<Sight> {
  return JSON.parse(await ask(place, { do: "look", id, read })) as Sight;
}

/** The count once it is above nothing and has not changed for a while. */
async function standsStill(count: () => Promise<number>): Promise<number> {
  let last = 0;
  for (let same = 0; same < 30; await wait(systemClock, 10)) {
    const now = await count();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
  }
  return last;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!await condition()) {
    assertLess(performance.now(), endMs, "it has not come about");
    await wait(systemClock, 2);
  }
}

/** Waits for what must not take long. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const stop = systemClock.holdingTimer(
    PATIENCE_MS,
    () => reject(new Error(`Nothing happened for ${PATIENCE_MS} ms`)),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    stop();
  }
}
