import { assert, assertEquals, assertRejects } from "@std/assert";
import { StreamPieces } from "../../lib/client/stream_pieces.ts";

/** A stream of these numbers, one a piece, and what was asked of it. */
function streamOf(numbers: readonly number[], type?: "bytes") {
  const asked = { pulls: 0, isCancelled: false };
  let next = 0;
  const bytes: UnderlyingByteSource = {
    type: "bytes",
    pull(controller) {
      asked.pulls++;
      const view = controller.byobRequest!.view!;
      if (next === numbers.length) {
        controller.close();
        return controller.byobRequest!.respond(0);
      }
      new Uint8Array(view.buffer, view.byteOffset)[0] = numbers[next++]!;
      controller.byobRequest!.respond(1);
    },
    cancel: () => void (asked.isCancelled = true),
  };
  const plain: UnderlyingDefaultSource<Uint8Array> = {
    pull(controller) {
      asked.pulls++;
      if (next === numbers.length) controller.close();
      else controller.enqueue(Uint8Array.of(numbers[next++]!));
    },
    cancel: () => void (asked.isCancelled = true),
  };
  const stream: ReadableStream<Uint8Array> = type
    ? new ReadableStream(bytes)
    : new ReadableStream(plain, { highWaterMark: 0 });
  return { asked, pieces: new StreamPieces(stream) };
}

for (const type of [undefined, "bytes"] as const) {
  Deno.test(`the pieces of a stream come in order, the next while one is used: ${type ?? "plain"}`, async () => {
    const { asked, pieces } = streamOf([1, 2, 3], type);
    assertEquals(asked.pulls, 0);
    for (const number of [1, 2, 3]) {
      const piece = await pieces.next();
      assertEquals(asked.pulls, number + 1);
      assertEquals([...piece!], [number]);
    }
    assertEquals([await pieces.next(), await pieces.next()], [undefined, undefined]);
  });

  Deno.test(`a stream of which no more is wanted is cancelled: ${type ?? "plain"}`, async () => {
    const { asked, pieces } = streamOf([1, 2, 3], type);
    await pieces.next();
    await pieces.cancel();
    assert(asked.isCancelled);
  });
}

Deno.test("a stream that fails behind a piece fails when the next one is asked for", async () => {
  let pulls = 0;
  const pieces = new StreamPieces(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ > 0) throw new Error("The source is broken");
        controller.enqueue(Uint8Array.of(1));
      },
    }, { highWaterMark: 0 }),
  );
  assertEquals([...(await pieces.next())!], [1]);
  await assertRejects(() => pieces.next(), Error, "broken");
});

Deno.test("a stream of bytes is read into the same two buffers again and again", async () => {
  const buffers = new Set<ArrayBufferLike>();
  const stream: ReadableStream<Uint8Array> = new ReadableStream({
    type: "bytes",
    pull(controller: ReadableByteStreamController) {
      const view = new Uint8Array(controller.byobRequest!.view!.buffer);
      // A buffer that comes again has what was written to it.
      if (view[1] === 0) buffers.add(view.buffer);
      view[1] = 1;
      controller.byobRequest!.respond(1);
    },
  });
  const pieces = new StreamPieces(stream);
  for (let count = 0; count < 10; count++) await pieces.next();
  await pieces.cancel();
  assertEquals(buffers.size, 2);
});
