// How the lines of a log are written: docs/operating.md.

import { assert, assertEquals, assertLess } from "@std/assert";
import { LogWriter, MAX_WAITING } from "../../lib/cli/log_writer.ts";
import type { AppendedFile } from "../../lib/runtime/log_file.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";

/** A place that takes lines as a test wants it. */
class Target implements AppendedFile {
  readonly appends: string[] = [];
  isClosed = false;
  /** What an append waits for. */
  gate: Promise<void> = Promise.resolve();
  /** Bytes it still has room for. */
  room = Infinity;

  async append(bytes: Uint8Array): Promise<number> {
    await this.gate;
    const end = bytes.length <= this.room
      ? bytes.length
      : bytes.subarray(0, this.room).lastIndexOf(10) + 1;
    if (end === 0) throw Object.assign(new Error("The disk is full"), { code: "ENOSPC" });
    this.room -= end;
    this.appends.push(new TextDecoder().decode(bytes.subarray(0, end)));
    return end;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  get records(): Record<string, unknown>[] {
    return this.appends.join("").trimEnd().split("\n").map((line) => JSON.parse(line));
  }
}

function setUp() {
  const [clock, target, faults] = [new FakeClock(), new Target(), [] as unknown[]];
  const log = new LogWriter(target, { clock, onFault: (error) => faults.push(error) });
  return { clock, target, faults, log };
}

Deno.test("records of one moment are one batch, a line each, in their order", async () => {
  const { target, log } = setUp();
  for (let index = 0; index < 100; index++) log.write({ index });
  assertEquals(target.appends.length, 0);
  await settled();
  assertEquals(target.appends.length, 1);
  assertEquals(target.records.map(({ index }) => index), [...Array(100).keys()]);
  log.write({ last: true });
  await log.close();
  assertEquals([target.records.length, target.isClosed], [101, true]);
});

Deno.test("no text breaks a line, or reaches a terminal as it is", async () => {
  const { target, log } = setUp();
  const evil = [
    'a\nb\r"}\n{"event":"commit"}',
    "\x1b[2J\x00\x7f\x9b31m\x85",
    "a\u2028b\u2029c",
    "\u202egpj.exe\u2066",
    "\ud800 and \\ and \\u000a",
    "ünïcode 🍪",
  ];
  for (const name of evil) log.write({ name });
  await log.close();
  assert(!/[^\n\x20-\x7e\u00a1-\u1fff\ud800-\udfff]/.test(target.appends.join("")));
  assertEquals(target.records.map(({ name }) => name), evil);
});

Deno.test("a slow disk costs lines that are counted, and never more memory than the bound", async () => {
  const { target, log } = setUp();
  const gate = Promise.withResolvers<void>();
  target.gate = gate.promise;
  const count = 40_000;
  for (let index = 0; index < count; index++) log.write({ index, text: "x".repeat(50) });
  await settled();
  gate.resolve();
  await settled();
  log.write({ after: true });
  await log.close();
  const told = target.records.filter(({ event }) => event === "dropped");
  const dropped = told.reduce((sum, { lines }) => sum + (lines as number), 0);
  const kept = target.records.filter(({ index }) => index !== undefined);
  assertEquals(kept.length + dropped, count);
  assertEquals(kept.map(({ index }) => index), [...Array(kept.length).keys()]);
  assertLess(kept.length * 65, MAX_WAITING + 100_000);
  assertEquals([told.length, target.records.at(-1)], [1, { after: true }]);
});

Deno.test("a full disk is told of once, and has every line whole when there is room again", async () => {
  const { clock, target, log, faults } = setUp();
  target.room = 25;
  for (let index = 0; index < 10; index++) log.write({ index });
  await settled();
  assertEquals(target.appends.join(""), '{"index":0}\n{"index":1}\n');
  await clock.advance(5000);
  assertEquals(faults.length, 1);
  target.room = Infinity;
  await clock.advance(1000);
  assertEquals(target.records.map(({ index }) => index), [...Array(10).keys()]);
  target.room = 0;
  log.write({ index: 10 });
  await clock.advance(3000);
  assertEquals(faults.length, 2);
  target.room = Infinity;
  await log.close();
  assertEquals(target.records.length, 11);
});

Deno.test("a target that hangs holds the end up for a second, and one that fails not at all", async () => {
  const { clock, target, log } = setUp();
  target.gate = new Promise(() => {});
  log.write({});
  let isClosed = false;
  const closed = log.close().then(() => isClosed = true);
  await clock.advance(999);
  assertEquals(isClosed, false);
  await clock.advance(1);
  await closed;
  const failing = setUp();
  failing.target.room = 0;
  failing.log.write({});
  await settled();
  await failing.log.close();
  failing.log.write({});
  await settled();
  assertEquals([failing.target.appends, failing.target.isClosed], [[], true]);
});
