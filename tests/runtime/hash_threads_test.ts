import { assertEquals } from "@std/assert";
import { type HashThread, RUN_SIZE, WORTH_A_THREAD } from "../../lib/base/hash_thread.ts";
import { toHex } from "../../lib/base/hex.ts";
import { leafHashes } from "../../lib/base/merkle.ts";
import { workerThreads } from "../../lib/runtime/hash_threads.ts";
import { connect, serve } from "../../mod.ts";
import { contentOf, digestOf } from "../support/content.ts";

const HAS_CORES = navigator.hardwareConcurrency > 1;
/** Said where a test is left out: with one core no thread is started. */
const WHERE = HAS_CORES ? "" : " (left out: it needs a second core)";

Deno.test({
  name: `a thread hashes runs in turn, and says when there is room for more${WHERE}`,
  ignore: !HAS_CORES,
  fn: async () => {
    const thread = workerThreads(() => Promise.resolve(true)).lease();
    await whenReady(thread);
    const runs = [1, 2, 3, 4].map((seed) => contentOf(RUN_SIZE, seed));
    const expected = runs.map((run) => toHex(leafHashes(run)));
    const jobs = runs.map((run) => thread.hash(run));
    assertEquals(runs.map((run) => run.length), [0, 0, 0, 0]);
    await thread.room;
    assertEquals(thread.room, undefined);
    assertEquals((await Promise.all(jobs)).map((leaves) => toHex(leaves)), expected);
    thread.release();
  },
});

Deno.test({
  name: `a thread runs until the last of its leases is released, however often one is${WHERE}`,
  ignore: !HAS_CORES,
  fn: async () => {
    const threads = workerThreads(() => Promise.resolve(true));
    const [first, second] = [threads.lease(), threads.lease()];
    await whenReady(second);
    first.release();
    first.release();
    assertEquals(second.isReady, true);
    for (let count = 0; count < 4; count++) void second.hash(second.memory());
    const { room } = second;
    second.release();
    await room; // whoever waits is not left waiting
    assertEquals(second.isReady, false);
  },
});

Deno.test("where no thread may start it is never ready", async () => {
  let asked = 0;
  const thread = workerThreads(() => Promise.resolve(++asked < 0)).lease();
  await Promise.resolve();
  assertEquals([thread.isReady, thread.room], [false, undefined]);
  assertEquals(asked, HAS_CORES ? 1 : 0);
  thread.release();
});

Deno.test("a file that is worth a thread goes there and back, also when a get of it was given up", async () => {
  const dataFolder = await Deno.makeTempDir();
  try {
    const content = contentOf(WORTH_A_THREAD + 12_345, 5);
    await using server = await serve({ address: { port: 0 }, dataFolder });
    await using client = await connect(server.address);
    const { digest } = await client.put("large", content);
    assertEquals(digest, toHex(digestOf(content)));
    const given = await client.get("large");
    let taken = 0;
    await given.copyTo({
      write: async (bytes) => {
        taken += bytes.length;
        if (taken > WORTH_A_THREAD / 2) await given.cancel();
      },
    }).catch(() => {});
    const bytes = await (await client.get("large")).bytes();
    assertEquals(toHex(digestOf(bytes)), digest);
  } finally {
    await Deno.remove(dataFolder, { recursive: true });
  }
});

/** Until it has started; a thread that never does is a test that never ends. */
async function whenReady(thread: HashThread): Promise<void> {
  while (!thread.isReady) await new Promise((resolve) => setTimeout(resolve, 1));
}
