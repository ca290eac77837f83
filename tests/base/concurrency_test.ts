import { assertEquals, assertRejects } from "@std/assert";
import { mapBounded } from "../../lib/base/concurrency.ts";
import { settled } from "../support/fake_clock.ts";

/** Work that ends when the test says so, and what is known of it meanwhile. */
class Gates {
  readonly begun: number[] = [];
  readonly #gates = new Map<number, PromiseWithResolvers<string>>();

  readonly work = (item: number): Promise<string> => {
    this.begun.push(item);
    const gate = Promise.withResolvers<string>();
    this.#gates.set(item, gate);
    return gate.promise;
  };

  async end(item: number, error?: Error): Promise<void> {
    const gate = this.#gates.get(item)!;
    if (error) gate.reject(error);
    else gate.resolve(`done ${item}`);
    await settled();
  }
}

Deno.test("mapBounded begins no more than the limit, and the next when any ends", async () => {
  const gates = new Gates();
  const all = mapBounded([1, 2, 3, 4], gates.work, { limit: 2 });
  assertEquals(gates.begun, [1, 2]);
  await gates.end(2);
  assertEquals(gates.begun, [1, 2, 3]);
  await gates.end(3);
  await gates.end(1);
  await gates.end(4);
  assertEquals((await all).length, 4);
});

Deno.test("mapBounded returns results in the order of the items, failures among them", async () => {
  const gates = new Gates();
  const all = mapBounded([1, 2, 3], gates.work, { limit: 3 });
  await gates.end(3);
  const reason = new Error("no");
  await gates.end(2, reason);
  await gates.end(1);
  assertEquals(await all, [
    { status: "fulfilled", value: "done 1" },
    { status: "rejected", reason },
    { status: "fulfilled", value: "done 3" },
  ]);
});

Deno.test("mapBounded takes what throws at once for a failure", async () => {
  const reason = new Error("at once");
  const results = await mapBounded([1], () => {
    throw reason;
  }, { limit: 1 });
  assertEquals(results, [{ status: "rejected", reason }]);
});

Deno.test("mapBounded counts weights, and runs what is over the limit alone", async () => {
  const gates = new Gates();
  const all = mapBounded([2, 1, 9, 3], gates.work, { limit: 4, weigh: (item) => item });
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

Deno.test("mapBounded begins nothing after an abort, and throws its reason when the rest has ended", async () => {
  const gates = new Gates();
  const stop = new AbortController();
  const all = mapBounded([1, 2, 3], gates.work, { limit: 2, signal: stop.signal });
  const ended = assertRejects(() => all, Error, "stop");
  stop.abort(new Error("stop"));
  await gates.end(1);
  await gates.end(2);
  await ended;
  assertEquals(gates.begun, [1, 2]);
});

Deno.test("mapBounded has nothing to do for no items", async () => {
  assertEquals(await mapBounded([], () => Promise.resolve(), { limit: 1 }), []);
});
