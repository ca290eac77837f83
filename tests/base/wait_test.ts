import { assertEquals, assertRejects } from "@std/assert";
import { unlessAborted } from "../../lib/base/wait.ts";

Deno.test("what fails once its waiter has gone away is nobody's failure", async () => {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", note);
  try {
    const aborted = AbortSignal.abort(new Error("gone away"));
    const stop = new AbortController();
    const [before, later] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waiting = unlessAborted(later.promise, stop.signal);
    stop.abort(new Error("gone away"));
    await assertRejects(() => unlessAborted(before.promise, aborted), Error, "gone away");
    await assertRejects(() => waiting, Error, "gone away");
    before.reject(new Error("too late"));
    later.reject(new Error("too late"));
    // Rejections that nobody has taken are told before the next task.
    await new Promise((resolve) => setTimeout(resolve));
  } finally {
    removeEventListener("unhandledrejection", note);
  }
  assertEquals(unhandled, []);
});
