import { assert, assertEquals } from "@std/assert";
import { ProgressDisplay, type ProgressOptions } from "../../lib/cli/progress.ts";
import { progressLines, type ProgressRow } from "../../lib/cli/progress_lines.ts";
import { Screen } from "../../lib/cli/screen.ts";
import { textWidth } from "../../lib/cli/text_width.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeOutput } from "../support/fake_host.ts";
import { FakeTerminal } from "../support/fake_terminal.ts";

const MIB = 1024 * 1024;

function display(options: Partial<ProgressOptions> & { width?: number; height?: number }) {
  const { width = 80, height = 24, files = 1, audience = "person", ...more } = options;
  const terminal = new FakeTerminal(width, height);
  const stdout = new FakeOutput();
  const clock = new FakeClock();
  const screen = new Screen({ stdout, stderr: terminal, json: audience === "program" });
  const progress = new ProgressDisplay({
    screen,
    clock,
    columns: () => terminal.columns(),
    rows: () => terminal.rows(),
    files,
    audience,
    ...more,
  });
  const down = (received: number, total?: number) => ({ received, durable: received, total });
  return { stdout, terminal, clock, screen, progress, down };
}

Deno.test("a download shows name, bar, share, size, rate and time left, and is cleared at its end", async () => {
  const { terminal, clock, progress, down } = display({ width: 90 });
  const tracker = progress.track("big.iso");
  tracker.update(down(0, 100 * MIB));
  await clock.advance(400);
  assertEquals(terminal.writes, []);
  tracker.update(down(20 * MIB, 100 * MIB));
  await clock.advance(100);
  assertEquals(
    terminal.text,
    "big.iso  ████················  20%  20.0 MiB  of 100 MiB  40.0 MiB/s  2s left",
  );
  tracker.update(down(100 * MIB, 100 * MIB));
  await clock.advance(100);
  assertEquals(
    terminal.text,
    "big.iso  ███████████████████·  99%   100 MiB  of 100 MiB   167 MiB/s  finishing",
  );
  tracker.done();
  await progress[Symbol.asyncDispose]();
  assertEquals([terminal.text, ...terminal.cursor], ["", 0, 0]);
  assertEquals(clock.timers, 0);
});

Deno.test("an upload shows what is received and what of it is durable", async () => {
  const { terminal, clock, progress } = display({ width: 110 });
  const tracker = progress.track("big.iso");
  tracker.update({ received: 0, durable: 0, total: 100 * MIB });
  tracker.update({ received: 50 * MIB, durable: 20 * MIB, total: 100 * MIB });
  await clock.advance(1000);
  assertEquals(
    terminal.text,
    "big.iso  ████▒▒▒▒▒▒··········  50%  50.0 MiB  of 100 MiB  durable 20.0 MiB  50.0 MiB/s  1s left",
  );
  // Everything is there and nothing is sure before the commit.
  tracker.update({ received: 100 * MIB, durable: 99 * MIB, total: 100 * MIB });
  await clock.advance(100);
  assert(terminal.text.includes("  99%   100 MiB"), terminal.text);
  await progress[Symbol.asyncDispose]();
});

Deno.test("a transfer that is done within half a second shows nothing", async () => {
  const { terminal, clock, progress, down } = display({});
  progress.track("a").update(down(1, 2));
  await clock.advance(499);
  await progress[Symbol.asyncDispose]();
  assertEquals(terminal.writes, []);
});

Deno.test("progress draws at most ten times a second, however often it is told", async () => {
  const { terminal, clock, progress, down } = display({});
  const tracker = progress.track("a");
  for (let step = 0; step < 2500; step++) {
    tracker.update(down(step * 1300, 1e9));
    if (step % 10 === 0) await clock.advance(10);
  }
  await progress[Symbol.asyncDispose]();
  // From 0.5 s to 2.5 s, and clearing the line.
  assert(terminal.writes.length <= 22, `${terminal.writes.length} writes`);
});

Deno.test("a transfer of unknown size shows bytes and rate; without news it is stalled", async () => {
  const { terminal, clock, progress, down } = display({});
  const tracker = progress.track("stdin");
  tracker.update(down(0));
  await clock.advance(400);
  tracker.update(down(512 * 1024));
  await clock.advance(100);
  assertEquals(terminal.text, "stdin   512 KiB   1.0 MiB/s");
  await clock.advance(5000);
  assertEquals(terminal.text, "stdin   512 KiB     stalled");
  await progress[Symbol.asyncDispose]();
});

Deno.test("a transfer that goes on from the middle does not count what was there as its rate", async () => {
  const { terminal, clock, progress, down } = display({ files: 2, total: 150 * MIB });
  const tracker = progress.track("a");
  await clock.advance(1000);
  tracker.resumed(50 * MIB);
  tracker.update(down(50 * MIB, 100 * MIB));
  await clock.advance(1000);
  tracker.update(down(51 * MIB, 100 * MIB));
  await clock.advance(1000);
  assertEquals(terminal.text.split("\n"), [
    "a             ██████████··········  51%  51.0 MiB   341 KiB/s  2m 27s left",
    "0 of 2 files  ██████··············  34%  51.0 MiB   341 KiB/s  4m 57s left",
  ]);
  await progress[Symbol.asyncDispose]();
});

Deno.test("several files have a line each while they run, in a steady order, and one for all", async () => {
  const { terminal, clock, screen, progress, down } = display({
    files: 5,
    total: 40 * MIB,
    width: 70,
  });
  const [a, b] = ["a.mp4", "another.mp4"].map((name) => progress.track(name));
  a!.update(down(0, 10 * MIB));
  b!.update(down(0, 10 * MIB));
  await clock.advance(900);
  a!.update(down(2 * MIB, 10 * MIB));
  b!.update(down(4 * MIB, 10 * MIB));
  const c = progress.track("c");
  c.update(down(0, 5 * MIB));
  await clock.advance(100);
  assertEquals(terminal.text.split("\n"), [
    "a.mp4         ██········  20%   2.0 MiB   2.0 MiB/s  4s left",
    "another.mp4   ████······  40%   4.0 MiB   4.0 MiB/s  2s left",
    "0 of 5 files  █·········  15%   6.0 MiB   6.0 MiB/s  6s left",
  ]);
  a!.update(down(10 * MIB, 10 * MIB));
  a!.done();
  await screen.results("a.mp4 is there");
  assertEquals(terminal.text.includes("a.mp4  "), false, "its line is still there");
  await clock.advance(500);
  const names = terminal.text.split("\n").map((line) => line.split("  ")[0]);
  assertEquals(names, ["another.mp4", "c", "1 of 5 files"]);
  b![Symbol.dispose](); // it has failed
  c.done();
  await clock.advance(100);
  assertEquals(terminal.text.split("\n").length, 1);
  await progress[Symbol.asyncDispose]();
});

Deno.test("there are never more lines than the terminal has room for", async () => {
  const { terminal, clock, progress, down } = display({ files: 30, height: 5 });
  for (let index = 0; index < 20; index++) progress.track(`f${index}`).update(down(1, 2));
  await clock.advance(1000);
  assertEquals(terminal.text.split("\n").length, 4);
  terminal.resize(80, 24);
  await clock.advance(100);
  assertEquals(terminal.text.split("\n").length, 9);
  terminal.resize(80, 2);
  await clock.advance(100);
  assertEquals(terminal.text, "0 of 30 files      20 B      17 B/s");
  await progress[Symbol.asyncDispose]();
});

Deno.test("many small files share one line of what is done in all", async () => {
  const { terminal, clock, progress, down } = display({ files: 2000, total: 24 * MIB });
  for (let index = 0; index < 1234; index++) {
    const tracker = progress.track(`f${index}`);
    tracker.update(down(8192, 8192));
    tracker.done();
  }
  await clock.advance(500);
  assertEquals(
    terminal.text,
    "1,234 of 2,000 files  ████······  40%   9.6 MiB  19.3 MiB/s  1s left",
  );
  await progress[Symbol.asyncDispose]();
});

Deno.test("progress that nobody looks at writes nothing and sets no timer", async () => {
  const { terminal, clock, progress, down } = display({ audience: "nobody" });
  progress.track("a").update(down(1, 2));
  assertEquals(clock.timers, 0);
  await clock.advance(5000);
  await progress[Symbol.asyncDispose]();
  assertEquals(terminal.writes, []);
});

Deno.test("a program is told once a second, of what has changed", async () => {
  const { terminal, clock, progress, down } = display({ audience: "program", files: 2 });
  const [a, b] = [progress.track("a"), progress.track("b")];
  a.update(down(1, 10));
  await clock.advance(900);
  a.update(down(2, 10));
  b.update(down(5));
  await clock.advance(100);
  b.update(down(6));
  await clock.advance(1000);
  await progress[Symbol.asyncDispose]();
  assertEquals(terminal.text.split("\n").map((line) => JSON.parse(line)), [
    { event: "progress", name: "a", received: 2, durable: 2, total: 10 },
    { event: "progress", name: "b", received: 5, durable: 5 },
    { event: "progress", name: "b", received: 6, durable: 6 },
  ]);
});

Deno.test("what else is written goes above the lines of progress, which stay", async () => {
  const { stdout, terminal, clock, screen, progress, down } = display({});
  progress.track("a").update(down(1, 2));
  await clock.advance(500);
  const { text } = terminal;
  await screen.message("a message");
  assertEquals(terminal.text, `morsel: a message\n${text}`);
  // Results that go elsewhere leave the terminal alone.
  const writes = terminal.writes.length;
  await screen.results("a result");
  assertEquals([stdout.text, terminal.writes.length], ["a result\n", writes]);
  stdout.isTerminal = true;
  await screen.results("another");
  assertEquals([terminal.writes.at(-2), terminal.text], [
    "\r\x1b[K\x1b7\x1b[B\x1b[J\x1b8",
    `morsel: a message\n${text}`,
  ]);
  await progress[Symbol.asyncDispose]();
});

Deno.test("the lines are right after a resize, and with names of wide characters", async () => {
  const { terminal, clock, progress, down } = display({ files: 3, total: 30 * MIB });
  for (const name of ["日本語の名前の長いファイル.txt", "👩‍👩‍👧 family.jpg"]) {
    progress.track(name).update(down(MIB, 10 * MIB));
  }
  await clock.advance(500);
  for (const columns of [40, 21, 120, 9, 80]) {
    terminal.resize(columns);
    await clock.advance(100);
    const lines = terminal.text.split("\n");
    assertEquals(lines.length, 3, terminal.text);
    assertEquals(terminal.cursor, [0, 0]);
    for (const line of lines) assert(textWidth(line) < columns, `${line} in ${columns}`);
  }
  await progress[Symbol.asyncDispose]();
  assertEquals(terminal.text, "");
});

Deno.test("lines of progress fit any width, and give up what matters least first", () => {
  const row: ProgressRow = {
    name: "holiday-2026-part-one.mp4",
    received: 20 * MIB,
    durable: 10 * MIB,
    total: 100 * MIB,
    rate: 40 * MIB,
  };
  const line = (width: number, showDurable: boolean) =>
    progressLines([row], { width, showDurable })[0];
  const lines: [number, boolean, string][] = [
    [
      110,
      true,
      "holiday-2026-part-one.mp4  ██▒▒················  20%  20.0 MiB  durable 10.0 MiB  40.0 MiB/s  2s left",
    ],
    [79, false, "holiday-2026-part-one.mp4  █▒········  20%  20.0 MiB  40.0 MiB/s  2s left"],
    [79, true, "holiday-20…t-one.mp4  20%  20.0 MiB  durable 10.0 MiB  40.0 MiB/s  2s left"],
    [60, false, "holiday-2026-part-one.mp4  20%  20.0 MiB  40.0 MiB/s"],
    [50, false, "holiday-202…art-one.mp4  20%  20.0 MiB  40.0 MiB/s"],
    [40, false, "holiday-2026-part-one.mp4  20%  20.0 MiB"],
    [25, true, "holiday-20…t-one.mp4  20%"],
    [20, true, "holiday…one.mp4  20%"],
    [12, true, "hol…mp4  20%"],
    [3, true, "20%"],
  ];
  for (const [width, showDurable, text] of lines) assertEquals(line(width, showDurable), text);
  const rows = [
    row,
    { ...row, name: "日本語の名前.txt", total: undefined },
    { ...row, name: "1,999 of 2,000 files", rate: undefined },
  ];
  for (let width = 0; width < 130; width++) {
    const widths = progressLines(rows, { width, showDurable: true }).map(textWidth);
    assert(widths.every((wide) => wide <= width), `${widths} in ${width}`);
  }
});

Deno.test("a transfer of ten seconds and more says at its end what limited it", async () => {
  for (const [seconds, audience] of [[9, "person"], [10, "person"], [10, "program"]] as const) {
    const { terminal, clock, progress, down } = display({ audience, width: 100 });
    const tracker = progress.track("a");
    tracker.resumed(60 * MIB); // there already
    tracker.update(down(60 * MIB, 100 * MIB));
    tracker.resumed(50 * MIB); // lost with the connection
    tracker.update(down(50 * MIB, 100 * MIB));
    await tracker.counters.transfer(() => clock.advance(seconds * 1000));
    tracker.update(down(100 * MIB, 100 * MIB));
    tracker.done();
    await progress[Symbol.asyncDispose]();
    const told = terminal.text.split("\n").at(-1)!;
    if (audience === "program") {
      const event = { event: "limited", by: "link", share: 1, bytes: 50 * MIB, elapsedMs: 10_000 };
      assertEquals(JSON.parse(told), event);
    } else if (seconds === 10) {
      assertEquals(
        told,
        "morsel: 50.0 MiB in 10s, 5.0 MiB/s; limited by the link (100 %)",
      );
    } else assertEquals(told, "");
  }
});
