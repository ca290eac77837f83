// The rate of a token: shared by its connections, both ways together, and nobody's business but its own.

import { assert, assertEquals } from "@std/assert";
import { EVERYBODY } from "../../lib/base/principal.ts";
import { LEAST_RATE_LIMIT } from "../../lib/base/rate_limit.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { TokenRates } from "../../lib/server/token_rates.ts";
import { TokenStore } from "../../lib/store/token_store.ts";
import { connect } from "../../client.ts";
import { serve } from "../../server.ts";
import { contentOf } from "../support/content.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { memoryServer, type MemoryServerOptions } from "../support/memory_server.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

const KIB = 1024;
const PARTS = { files: nodeFiles, openSql: openNodeSql, clock: systemClock };
const RATE = 256 * KIB;

/** A server with the tokens `slow`, at 256 KiB a second, `slowest`, and `fast`, without a rate. */
async function place(options: MemoryServerOptions = {}) {
  const clock = new FakeClock();
  const tokens = memoryTokens(clock);
  const rights = ["read", "write", "list"] as const;
  const slow = await makeToken(tokens, "slow", rights, { bytesPerSecond: RATE });
  const slowest = await makeToken(tokens, "slowest", rights, { bytesPerSecond: LEAST_RATE_LIMIT });
  const fast = await makeToken(tokens, "fast", rights);
  const server = await memoryServer({ clock, tokens, ...options });
  /** Lets time go by until `work` has settled; returns how many seconds that took. */
  const secondsOf = async (work: Promise<unknown>) => {
    const startMs = clock.monotonicMs();
    let isDone = false;
    const done = work.finally(() => isDone = true);
    done.catch(() => {}); // thrown below
    await settled();
    while (!isDone) await clock.advance(250);
    await done;
    return (clock.monotonicMs() - startMs) / 1000;
  };
  return {
    clock,
    server,
    slow,
    slowest,
    fast,
    secondsOf,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      tokens[Symbol.dispose]();
    },
  };
}

function about(seconds: number, expected: number): void {
  assert(seconds > expected * 0.9 && seconds < expected * 1.15, `${seconds} s, not ${expected} s`);
}

Deno.test("the connections of a token share its rate, both ways together", async () => {
  await using here = await place();
  const { server, slow, secondsOf } = here;
  const content = contentOf(4 * RATE);
  const [one, two] = [await server.connect(slow), await server.connect(slow)];
  about(await secondsOf(one.put("a", content)), 4);
  const down = async () => assertEquals(await (await two.get("a")).bytes(), content);
  about(await secondsOf(down()), 4);
  about(await secondsOf(Promise.all([one.put("b", content), down()])), 8);
});

Deno.test("the rate of a token slows no other one", async () => {
  await using here = await place();
  const { server, clock, slow, fast, secondsOf } = here;
  const content = contentOf(4 * RATE);
  const [one, other] = [await server.connect(slow), await server.connect(fast)];
  const slowly = one.put("a", content);
  await settled();
  await other.put("b", content);
  assertEquals(await (await other.get("b")).bytes(), content);
  assertEquals(clock.monotonicMs(), 0);
  about(await secondsOf(slowly), 4);
});

Deno.test("a token that connects anew saves no pause by that", async () => {
  await using here = await place();
  const { server, slow, secondsOf } = here;
  let seconds = 0;
  for (let count = 0; count < 16; count++) {
    const client = await server.connect(slow);
    seconds += await secondsOf(client.put("a", contentOf(RATE / 4)));
    await client.close();
  }
  about(seconds, 4);
});

Deno.test("what is small and rare does not wait for the rate", async () => {
  await using here = await place();
  const client = await here.server.connect(here.slowest);
  await client.put("a", "content");
  assertEquals(await (await client.get("a")).text(), "content");
  assertEquals(here.clock.monotonicMs(), 0);
});

Deno.test("the lowest rate trips no deadline, of one connection or of many", async () => {
  await using here = await place({ pair: { kept: 4096 * KIB } });
  const { server, slowest, secondsOf } = here;
  const content = contentOf(3 * 1024 * KIB);
  const client = await server.connect(slowest);
  about(await secondsOf(client.put("a", content)), 195);
  about(await secondsOf(client.get("a").then((download) => download.bytes())), 195);
  const crowd = await Promise.all(Array.from({ length: 32 }, () => server.connect(slowest)));
  // Each gets 2 KiB a second, the least share there is.
  const shares = crowd.map((each, index) => each.put(`${index}`, contentOf(200 * KIB)));
  about(await secondsOf(Promise.all(shares)), 100);
  // The Acks of each upload stand in line behind its download.
  const both = crowd.map((each, index) =>
    Promise.all([
      each.put("up", contentOf(200 * KIB)),
      each.get(`${index}`).then((download) => download.bytes()),
    ])
  );
  await secondsOf(Promise.all(both));
  assertEquals(server.errors, []);
});

Deno.test("the lowest rate trips no deadline of a server that has little patience", async () => {
  await using here = await place({ limits: { stallMs: 2000, idleMs: 2000 } });
  const { server, slowest, secondsOf } = here;
  const crowd = await Promise.all(Array.from({ length: 16 }, () => server.connect(slowest)));
  const shares = crowd.map((each, index) => each.put(`${index}`, contentOf(60 * KIB)));
  about(await secondsOf(Promise.all(shares)), 30);
  assertEquals(server.errors, []);
});

Deno.test("each of several processes keeps to its share of a token's rate, but not below the least there is", () => {
  const rates = new TokenRates(new FakeClock(), 4);
  const shareOf = (bytesPerSecond?: number) =>
    rates.of({ ...EVERYBODY, name: `${bytesPerSecond}`, bytesPerSecond })?.bytesPerSecond;
  assertEquals(shareOf(RATE), RATE / 4);
  assertEquals(shareOf(2 * LEAST_RATE_LIMIT), LEAST_RATE_LIMIT);
  assertEquals(shareOf(), undefined);
});

Deno.test("a real server keeps a token to its rate", async () => {
  const dataFolder = await Deno.makeTempDir();
  {
    using tokens = await TokenStore.open(dataFolder, PARTS);
    const token = await makeToken(tokens, "slow", ["read", "write"], {
      bytesPerSecond: 1024 * KIB,
    });
    await using server = await serve({ address: { port: 0 }, dataFolder, scrubBytesPerSecond: 0 });
    await using client = await connect(server.address, { token });
    const content = contentOf(768 * KIB);
    const secondsOf = async (work: Promise<unknown>) => {
      const startMs = performance.now();
      await work;
      return (performance.now() - startMs) / 1000;
    };
    const up = await secondsOf(client.put("a", content));
    const down = await secondsOf(client.get("a").then((download) => download.bytes()));
    // Never much faster; how much slower is a matter of the machine.
    for (const seconds of [up, down]) assert(seconds > 0.55 && seconds < 5, `${seconds} s`);
  }
  await Deno.remove(dataFolder, { recursive: true });
});
