// What a worker tells its server of what happens in it: its log and its numbers.

import { assert, assertEquals } from "@std/assert";
import { exposition } from "../../lib/server/exposition.ts";
import { addCounts, type Counts, NO_COUNTS } from "../../lib/server/counts.ts";
import { ServerMetrics } from "../../lib/server/server_metrics.ts";
import { tellCounts } from "../../lib/server/worker_counts.ts";
import { MAX_WAITING, workerLog } from "../../lib/server/worker_log.ts";
import { FakeClock } from "../support/fake_clock.ts";

const SOME: Counts = {
  ...NO_COUNTS,
  connections: { served: 2, busy: 1 },
  requests: { "Commit ok": 3, "Stat not_found": 1, "Copy quota": 1 },
  received: 100,
  sent: 10,
  sessions: 2,
  transfers: 1,
};

Deno.test("records that find no room are left out, and the next one says how many", () => {
  const clock = new FakeClock();
  const sent: unknown[] = [];
  const words = { waiting: 0, send: (value: unknown) => sent.push(value) };
  const log = workerLog(words, clock);
  const time = new Date(clock.now()).toISOString();
  const record = (event: string) => ({ type: "log", record: { time, event } });
  log({ time, event: "one" });
  words.waiting = MAX_WAITING;
  for (let count = 0; count < 3; count++) log({ time, event: "two" });
  words.waiting = MAX_WAITING - 1;
  log({ time, event: "three" });
  const dropped = { type: "log", record: { time, event: "dropped", lines: 3 } };
  assertEquals(sent, [record("one"), dropped, record("three")]);
});

Deno.test("numbers are told each second in which they have changed, and a last time", async () => {
  const clock = new FakeClock();
  const told: number[] = [];
  let received = 0;
  const counts = () => ({ ...NO_COUNTS, received });
  const stop = tellCounts(counts, { clock, tell: (counts) => told.push(counts.received) });
  await clock.advance(3000);
  received = 5;
  await clock.advance(999);
  assertEquals(told, [0]);
  await clock.advance(3000);
  received = 6;
  stop();
  await clock.advance(3000);
  assertEquals(told, [0, 5, 6]);
});

Deno.test("the numbers of a server are those of all its workers, also of those that have ended", () => {
  const metrics = new ServerMetrics();
  metrics.addWorker(1, { ...SOME, received: 1 });
  metrics.addWorker(1, SOME);
  metrics.addWorker(2, SOME);
  const { sessions, transfers, receivedBytes, sentBytes, commits, refusals } = metrics.figures();
  assertEquals([sessions, transfers, receivedBytes, sentBytes], [4, 2, 200, 20]);
  assertEquals([commits, refusals, metrics.figures().turnedAway], [6, 2, 2]);
  metrics.addWorker(1, undefined);
  metrics.addWorker(3, SOME);
  metrics.addWorker(2, undefined);
  metrics.addWorker(2, undefined);
  assertEquals(metrics.figures().sessions, 2);
  assertEquals(metrics.figures().commits, 9);
  const text = exposition(metrics.families());
  assert(text.includes('morsel_requests_total{type="Stat",result="not_found"} 3'), text);
  assert(text.includes("morsel_received_bytes_total 300"), text);
  assertEquals(addCounts(NO_COUNTS, SOME), SOME);
});
