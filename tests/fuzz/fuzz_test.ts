// The fuzzing in the usual run of tests: some seconds with a fresh seed, and whether it is worth anything, as faults
// that are planted are found.

import { assert, assertEquals } from "@std/assert";
import { decode, type Frame } from "../../lib/protocol/codec.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { silent, unlimited, unproven } from "./arena.ts";
import { FRAME_PARTS } from "./frames.ts";
import { fuzz, type FuzzOptions } from "./fuzz.ts";

/** How long fresh cases are tried in the usual run, in milliseconds. */
const FRESH_MS = 3000;

Deno.test("random and mutated frames crash, stop and deceive nobody", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const endMs = performance.now() + FRESH_MS;
  const { problem, cases } = await fuzz({ seed, cases: Infinity, endMs });
  assert(
    problem === undefined,
    `${problem}\nrepeat it: deno task fuzz --cases ${cases} --seed ${seed}`,
  );
});

Deno.test("the same seed makes the same cases", async () => {
  const options = { seed: 7, cases: 2000, only: "frames" } as const;
  assertEquals(await fuzz(options), await fuzz(options));
});

Deno.test("a decoder that reads beyond its frame is found", () =>
  assertFinds({
    only: "frames",
    parts: {
      ...FRAME_PARTS,
      decode: (frame) => decode({ ...frame, body: widened(frame) }),
    },
  }));

Deno.test("a length that nobody checks is found", () =>
  assertFinds({
    only: "frames",
    parts: {
      ...FRAME_PARTS,
      reader: (readable) => new FrameReader(readable, { maxFrame: DEFAULT_LIMITS.maxFrame + 8 }),
    },
  }));

Deno.test("a commit that nothing proves is found", () =>
  assertFinds({ only: "sessions", plant: { catalog: unproven } }));

Deno.test("a token that may do more than it says is found", () =>
  assertFinds({ only: "sessions", plant: { tokens: unlimited } }));

Deno.test("a deadline that never passes is found", () =>
  assertFinds({ only: "sessions", plant: { clock: silent } }));

/** What a frame whose body needs more than it has would take from behind it. */
function widened({ body }: Frame): Uint8Array {
  const least = body.length > 1 ? 2 + (body[0]! << 8 | body[1]!) : 0;
  const rest = body.buffer.byteLength - body.byteOffset;
  const isShort = least === body.length + 1 && least <= rest;
  return isShort ? new Uint8Array(body.buffer, body.byteOffset, least) : body;
}

async function assertFinds(fault: Partial<FuzzOptions>): Promise<void> {
  for (let seed = 1; seed <= 5; seed++) {
    const cases = fault.only === "frames" ? 20_000 : 1000;
    if ((await fuzz({ seed, cases, ...fault })).problem !== undefined) return;
  }
  throw new Error("None of the cases shows the fault that was planted");
}
