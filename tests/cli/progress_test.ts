import { assertEquals } from "@std/assert";
import { textWidth } from "../../lib/cli/format.ts";
import { ProgressDisplay } from "../../lib/cli/progress.ts";
import { transferLine, transfersLine } from "../../lib/cli/progress_line.ts";
import { Screen } from "../../lib/cli/screen.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeOutput } from "../support/fake_host.ts";

const MIB = 1024 * 1024;

function display(options: { files: number; total?: number; enabled?: boolean; width?: number }) {
  const stdout = new FakeOutput();
  const stderr = new FakeOutput();
  const clock = new FakeClock();
  const { width = 80, files, total, enabled = true } = options;
  const screen = new Screen({ stdout, stderr });
  const progress = new ProgressDisplay({
    screen,
    clock,
    columns: () => width,
    files,
    ...(total !== undefined && { total }),
    enabled,
  });
  const report = (received: number, total?: number) => ({ received, durable: 0, total });
  return { stdout, stderr, clock, screen, progress, report };
}

Deno.test("a transfer shows name, bar, share, size, rate and time left, and is cleared at its end", async () => {
  const { stderr, clock, progress, report } = display({ files: 1 });
  const tracker = progress.track("big.iso");
  tracker.update(report(0, 100 * MIB));
  await clock.advance(400);
  assertEquals(stderr.writes, []);
  tracker.update(report(20 * MIB, 100 * MIB));
  await clock.advance(100);
  assertEquals(stderr.writes, [
    "\rbig.iso  ████················  20%  20.0 MiB  40.0 MiB/s  2s left\x1b[K",
  ]);
  tracker.update(report(100 * MIB, 100 * MIB));
  await clock.advance(100);
  assertEquals(
    stderr.writes.at(-1),
    "\rbig.iso  ███████████████████·  99%   100 MiB  167 MiB/s\x1b[K",
  );
  tracker.done();
  await progress[Symbol.asyncDispose]();
  assertEquals(stderr.writes.at(-1), "\r\x1b[K");
  assertEquals(clock.timers, 0);
});

Deno.test("a transfer that is done within half a second shows nothing", async () => {
  const { stderr, clock, progress, report } = display({ files: 1 });
  progress.track("a").update(report(1, 2));
  await clock.advance(499);
  await progress[Symbol.asyncDispose]();
  assertEquals(stderr.writes, []);
});

Deno.test("progress draws at most ten times a second, however often it is told", async () => {
  const { stderr, clock, progress, report } = display({ files: 1 });
  const tracker = progress.track("a");
  for (let step = 0; step < 2500; step++) {
    tracker.update(report(step * 1300, 1e9));
    if (step % 10 === 0) await clock.advance(10);
  }
  await progress[Symbol.asyncDispose]();
  // From 0.5 s to 2.5 s, and clearing the line.
  assertEquals(stderr.writes.length <= 22, true, `${stderr.writes.length} writes`);
});

Deno.test("a transfer of unknown size shows bytes and rate; without news it is stalled", async () => {
  const { stderr, clock, progress, report } = display({ files: 1 });
  const tracker = progress.track("stdin");
  tracker.update(report(0));
  await clock.advance(400);
  tracker.update(report(512 * 1024));
  await clock.advance(100);
  assertEquals(stderr.writes, ["\rstdin   512 KiB  1.0 MiB/s\x1b[K"]);
  await clock.advance(5000);
  assertEquals(stderr.writes.at(-1), "\rstdin   512 KiB  stalled\x1b[K");
  await progress[Symbol.asyncDispose]();
});

Deno.test("an upload that goes on from the middle does not count what was there as its rate", async () => {
  const { stderr, clock, progress, report } = display({ files: 1 });
  const tracker = progress.track("a");
  tracker.update(report(50 * MIB, 100 * MIB));
  await clock.advance(450);
  tracker.update(report(51 * MIB, 100 * MIB));
  await clock.advance(50);
  assertEquals(stderr.writes, [
    "\ra  ██████████··········  51%  51.0 MiB  2.0 MiB/s  25s left\x1b[K",
  ]);
  await progress[Symbol.asyncDispose]();
});

Deno.test("many files share one line of what is done in all", async () => {
  const { stderr, clock, progress, report } = display({ files: 2000, total: 24 * MIB });
  progress.track("first").update(report(0, MIB));
  for (let index = 0; index < 1234; index++) {
    const tracker = progress.track(`f${index}`);
    tracker.update(report(8192, 8192));
    tracker.done();
  }
  await clock.advance(500);
  assertEquals(stderr.writes, [
    "\r1,234 of 2,000 files  40%  9.6 MiB  19.3 MiB/s  1s left\x1b[K",
  ]);
  await progress[Symbol.asyncDispose]();
});

Deno.test("progress that is not wanted writes nothing and sets no timer", async () => {
  const { stderr, clock, progress, report } = display({ files: 1, enabled: false });
  progress.track("a").update(report(1, 2));
  assertEquals(clock.timers, 0);
  await clock.advance(5000);
  await progress[Symbol.asyncDispose]();
  assertEquals(stderr.writes, []);
});

Deno.test("what else is written takes the line of progress away first, and it comes back", async () => {
  const { stdout, stderr, clock, screen, progress, report } = display({ files: 1 });
  progress.track("a").update(report(1, 2));
  await clock.advance(500);
  await screen.results("a result");
  assertEquals(stdout.text, "a result\n");
  assertEquals(stderr.writes.slice(1), ["\r\x1b[K"]);
  await clock.advance(100);
  assertEquals(stderr.writes.length, 3);
  await progress[Symbol.asyncDispose]();
});

Deno.test("a line of progress fits any width, and gives up what matters least first", () => {
  const measured = { received: 20 * MIB, total: 100 * MIB, rate: 40 * MIB };
  const line = (width: number) => transferLine("holiday-2026-part-one.mp4", { ...measured, width });
  const lines: [number, string][] = [
    [79, "holiday-20…rt-one.mp4  ████················  20%  20.0 MiB  40.0 MiB/s  2s left"],
    [60, "holiday-2026…art-one.mp4  20%  20.0 MiB  40.0 MiB/s  2s left"],
    [50, "holiday-202…art-one.mp4  20%  20.0 MiB  40.0 MiB/s"],
    [40, "holiday-2026-part-one.mp4  20%  20.0 MiB"],
    [20, "holiday…one.mp4  20%"],
    [12, "hol…mp4  20%"],
    [3, "20%"],
  ];
  for (const [width, text] of lines) assertEquals(line(width), text);
  for (let width = 0; width < 90; width++) {
    const widths = [
      line(width),
      transferLine("日本語の名前.txt", { ...measured, total: undefined, width }),
      transfersLine({ ...measured, files: 2000, doneFiles: 1999, width }),
    ].map(textWidth);
    assertEquals(widths.every((wide) => wide <= width), true, `${widths} in ${width}`);
  }
});
