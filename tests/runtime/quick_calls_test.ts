import { assertEquals, assertRejects } from "@std/assert";
import { QuickCalls } from "../../lib/runtime/quick_calls.ts";

/** Makes calls that take as long as is said, and notes which way each went. */
class Calls {
  #nowMs = 0;
  readonly #quick = new QuickCalls({ monotonicMs: () => this.#nowMs });

  async make(count: number, tookMs: number): Promise<{ blocking: number; patient: number }> {
    const made = { blocking: 0, patient: 0 };
    for (let call = 0; call < count; call++) {
      const blocking = () => {
        this.#nowMs += tookMs;
        made.blocking++;
      };
      await this.#quick.make(blocking, () => Promise.resolve(void made.patient++));
    }
    return made;
  }
}

Deno.test("calls block as long as they are quick", async () => {
  const calls = new Calls();
  assertEquals(await calls.make(1000, 0.05), { blocking: 1000, patient: 0 });
});

Deno.test("slow calls are made patiently for a while, and then tried again", async () => {
  const calls = new Calls();
  assertEquals(await calls.make(8 + 256 + 8 + 10, 1), { blocking: 16, patient: 266 });
});

Deno.test("pauses of a busy machine do not make calls slow", async () => {
  const calls = new Calls();
  for (let round = 0; round < 100; round++) {
    assertEquals(await calls.make(7, 5), { blocking: 7, patient: 0 });
    assertEquals(await calls.make(1, 0.05), { blocking: 1, patient: 0 });
  }
});

Deno.test("a call that fails rejects", async () => {
  const quick = new QuickCalls({ monotonicMs: () => 0 });
  const fail = () => {
    throw new Error("no");
  };
  await assertRejects(() => quick.make(fail, () => Promise.resolve()), Error, "no");
});
