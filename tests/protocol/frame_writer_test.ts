// FrameWriter: frames keep their order, share writes, and never leave a failure untold.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { FrameWriter, type FrameWriterOptions } from "../../lib/protocol/frame_writer.ts";
import type { Message } from "../../lib/protocol/messages.ts";

Deno.test("FrameWriter.send() gathers messages of one turn into one write", async () => {
  const { writer, writes } = setUp();
  const messages: Message[] = [1, 2, 3].map((tag) => ({ type: "Ping", tag }));
  await Promise.all(messages.map((message) => writer.send(message)));
  assertEquals(writes.map(toHex), [toHex(concat(messages.map(encode)))]);
});

Deno.test("FrameWriter.send() puts what comes during a write into the next one", async () => {
  const gate = Promise.withResolvers<void>();
  const { writer, writes } = setUp({}, () => gate.promise);
  const first = writer.send({ type: "Ping", tag: 1 });
  while (writes.length === 0) await turn();
  const others = [2, 3, 4].map((tag) => writer.send({ type: "Ping", tag }));
  await turn();
  assertEquals(writes.length, 1);
  gate.resolve();
  await Promise.all([first, ...others]);
  assertEquals(writes.map((bytes) => bytes.length), [9, 27]);
});

Deno.test("FrameWriter keeps the order of small and large frames", async () => {
  const { writer, writes } = setUp();
  const large = new Uint8Array(20_000).fill(2);
  const small = new Uint8Array(10).fill(4);
  await Promise.all([
    writer.send({ type: "Ping", tag: 1 }),
    writer.sendFrames(large),
    writer.send({ type: "Ping", tag: 3 }),
    writer.sendFrames(small),
    writer.sendFrames(large),
    writer.send({ type: "Ping", tag: 6 }),
  ]);
  const ping = (tag: number) => encode({ type: "Ping", tag });
  const expected = concat([ping(1), large, ping(3), small, large, ping(6)]);
  assertEquals(toHex(concat(writes)), toHex(expected));
});

Deno.test("FrameWriter.send() takes a message of any size", async () => {
  const { writer, writes } = setUp();
  const message: Message = { type: "Stat", tag: 1, name: "x".repeat(65_535) };
  await writer.send(message);
  assertEquals(toHex(concat(writes)), toHex(encode(message)));
});

Deno.test("FrameWriters with large writes at once, and one after the other, share no bytes", async () => {
  const names = (letter: string, count: number) =>
    Array.from({ length: count }, (_, index): Message => ({
      type: "Stat",
      tag: index + 1,
      name: letter.repeat(1000 + index),
    }));
  for (const round of [1, 2, 3]) {
    const ends = ["ab", "cd"].map(([before, after], index) => {
      const gate = Promise.withResolvers<void>();
      const written: Uint8Array[] = [];
      const { writer } = setUp({}, async (bytes) => {
        // Only when the system has taken them it is sure what it has taken.
        await gate.promise;
        written.push(bytes.slice());
      });
      const messages = [names(before!, 40 * round + index), names(after!, 90)];
      return { gate, written, writer, messages };
    });
    const send = ({ writer, messages }: typeof ends[number]) =>
      Promise.all(messages.shift()!.map((message) => writer.send(message)));
    const expected = ends.map(({ messages }) => toHex(concat(messages.flat().map(encode))));
    const first = ends.map(send);
    await turn();
    // What comes while they are written is large, too.
    const second = ends.map(send);
    for (const { gate } of ends) {
      await turn();
      gate.resolve();
    }
    await Promise.all([...first, ...second]);
    assertEquals(ends.map(({ written }) => toHex(concat(written))), expected);
  }
});

Deno.test("FrameWriter.unwritten counts the bytes that the system has not taken", async () => {
  const gate = Promise.withResolvers<void>();
  const { writer } = setUp({}, () => gate.promise);
  const sent = [writer.send({ type: "Ping", tag: 1 }), writer.sendFrames(new Uint8Array(20_000))];
  assertEquals(writer.unwritten, 20_009);
  gate.resolve();
  await Promise.all(sent);
  assertEquals(writer.unwritten, 0);
});

Deno.test("FrameWriter.send() of a value that does not fit sends nothing and counts nothing", async () => {
  const { writer, writes } = setUp();
  assertThrows(() => writer.send({ type: "End", tag: 1, offset: -1 }), MorselError);
  assertEquals(writer.unwritten, 0);
  await writer.send({ type: "Ping", tag: 1 });
  assertEquals(toHex(concat(writes)), toHex(encode({ type: "Ping", tag: 1 })));
});

Deno.test("FrameWriter fails every call with connection after a failed write", async () => {
  const { writer } = setUp({}, () => Promise.reject(new Error("reset by peer")));
  const first = writer.send({ type: "Ping", tag: 1 });
  const second = writer.sendFrames(new Uint8Array(20_000));
  for (const sent of [first, second, writer.send({ type: "Ping", tag: 3 })]) {
    assertEquals((await assertRejects(() => sent, MorselError)).code, "connection");
  }
  await writer.close();
});

Deno.test("FrameWriter waits for each write under its guard", async () => {
  let guarded = 0;
  const guard = (write: Promise<void>) => {
    guarded++;
    return write;
  };
  const { writer, writes } = setUp({ guard });
  await writer.send({ type: "Ping", tag: 1 });
  await writer.send({ type: "Ping", tag: 2 });
  assertEquals([guarded, writes.length], [2, 2]);
});

Deno.test("FrameWriter.close() ends the stream after all that was sent", async () => {
  const { writer, writes, ended } = setUp();
  const sent = writer.send({ type: "Ping", tag: 1 });
  await writer.close();
  await sent;
  assertEquals([writes.length, ended()], [1, "closed"]);
});

Deno.test("FrameWriter tells its trace each message", async () => {
  const lines: string[] = [];
  const { writer } = setUp({ trace: (line) => lines.push(line) });
  await writer.send({ type: "Stat", tag: 7, name: "a.txt" });
  assertEquals(lines, ['Stat tag 7 name "a.txt"']);
});

function setUp(
  options: Partial<FrameWriterOptions> = {},
  onWrite?: (bytes: Uint8Array) => Promise<void>,
) {
  const writes: Uint8Array[] = [];
  let end = "";
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) => {
      writes.push(bytes.slice());
      return onWrite?.(bytes);
    },
    close: () => void (end = "closed"),
    abort: () => void (end = "aborted"),
  });
  const writer = new FrameWriter(writable, { soon: queueMicrotask, ...options });
  return { writer, writes, ended: () => end };
}

function turn(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(resolve));
}
