// When the collector is asked for a turn, and what becomes of memory that is given back.

import { assertEquals } from "@std/assert";
import { CollectorTurns, giveBack } from "../../lib/base/collector.ts";

Deno.test("the collector is asked once each time that so much has been left behind", () => {
  const turns = new CollectorTurns(10);
  const asked = [4, 5, 1, 9, 25, 0].map((count) => askedWhile(() => turns.add(count), () => {}));
  assertEquals(asked, [0, 0, 1, 0, 1, 0]);
});

Deno.test("a system without that much memory does no harm", () => {
  const turns = new CollectorTurns(1);
  const fail = () => {
    throw new RangeError("Array buffer allocation failed");
  };
  assertEquals(askedWhile(() => turns.add(1), fail), 1);
});

Deno.test("memory is given back whole, and what is a part of more stays", () => {
  const [whole, part] = [new Uint8Array(8), new Uint8Array(8).subarray(1)];
  giveBack(whole);
  giveBack(part);
  assertEquals([whole.buffer.byteLength, part.buffer.byteLength], [0, 8]);
});

/** How often memory was asked for in `work`, where `asking` is done each time. */
function askedWhile(work: () => void, asking: () => void): number {
  const { ArrayBuffer: real } = globalThis;
  let asked = 0;
  globalThis.ArrayBuffer = function () {
    asked++;
    asking();
  } as unknown as ArrayBufferConstructor;
  try {
    work();
  } finally {
    globalThis.ArrayBuffer = real;
  }
  return asked;
}
