import { assertEquals, assertRejects } from "@std/assert";
import { eachBounded } from "../../lib/base/concurrency.ts";
import { settled } from "../support/fake_clock.ts";

/** Work that ends when the test says so, and what is known of it meanwhile. */
class Gates {
  readonly begun: number[] = [];
  readonly #gates = new Map<number, PromiseWithResolvers<void>>();

  readonly work = (item: number): Promise<void> => {
    this.begun.push(item);
    const gate = Promise.withResolvers<void>();
    this.#gates.set(item, gate);
    return gate.promise;
  };

  async end(item: number, error?: Error): Promise<void> {
    const gate = this.#gates.get(item)!;
    if (error) gate.reject(error);
    else gate.resolve();
    await settled();
  }
}

Deno.test("eachBounded begins no more than the limit, and the next when any ends", async () => {
  const gates = new Gates();
  const all = eachBounded([1, 2, 3, 4], gates.work, { limit: 2 });
  await settled();
  assertEquals(gates.begun, [1, 2]);
  await gates.end(2);
  assertEquals(gates.begun, [1, 2, 3]);
  await gates.end(3);
  await gates.end(1);
  await gates.end(4);
  await all;
});

Deno.test("eachBounded takes items from their source only when there is room", async () => {
  const gates = new Gates();
  let taken = 0;
  async function* source() {
    for (let item = 1; item <= 9; item++) {
      taken = item;
      yield await Promise.resolve(item);
    }
  }
  const all = eachBounded(source(), gates.work, { limit: 2 });
  await settled();
  assertEquals([gates.begun, taken], [[1, 2], 3]);
  for (let item = 1; item <= 9; item++) await gates.end(item);
  await all;
});

Deno.test("eachBounded begins nothing after a failure, and throws it when the rest has ended", async () => {
  const gates = new Gates();
  const all = eachBounded([1, 2, 3], gates.work, { limit: 2 });
  let isOver = false;
  const ended = assertRejects(() => all.finally(() => isOver = true), Error, "first");
  await settled();
  await gates.end(2, new Error("first"));
  assertEquals(isOver, false);
  await gates.end(1, new Error("second"));
  await ended;
  assertEquals(gates.begun, [1, 2]);
});

Deno.test("eachBounded takes what throws at once, or in the source, for a failure", async () => {
  const fail = () => {
    throw new Error("at once");
  };
  await assertRejects(() => eachBounded([1], fail, { limit: 1 }), Error, "at once");
  async function* broken() {
    yield await Promise.resolve(1);
    throw new Error("in the source");
  }
  const gates = new Gates();
  const all = eachBounded(broken(), gates.work, { limit: 9 });
  const ended = assertRejects(() => all, Error, "in the source");
  await settled();
  await gates.end(1);
  await ended;
});

Deno.test("eachBounded counts weights, and runs what is over the limit alone", async () => {
  const gates = new Gates();
  const all = eachBounded([2, 1, 9, 3], gates.work, { limit: 4, weigh: (item) => item });
  await settled();
  assertEquals(gates.begun, [2, 1]);
  await gates.end(2);
  assertEquals(gates.begun, [2, 1]);
  await gates.end(1);
  assertEquals(gates.begun, [2, 1, 9]);
  await gates.end(9);
  assertEquals(gates.begun, [2, 1, 9, 3]);
  await gates.end(3);
  await all;
});

Deno.test("eachBounded begins nothing after an abort, and throws its reason when the rest has ended", async () => {
  const gates = new Gates();
  const stop = new AbortController();
  const all = eachBounded([1, 2, 3], gates.work, { limit: 2, signal: stop.signal });
  const ended = assertRejects(() => all, Error, "stop");
  await settled();
  stop.abort(new Error("stop"));
  await gates.end(1);
  await gates.end(2);
  await ended;
  assertEquals(gates.begun, [1, 2]);
});

Deno.test("eachBounded has nothing to do for no items", async () => {
  await eachBounded([], () => Promise.resolve(), { limit: 1 });
});
