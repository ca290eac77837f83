import { assertEquals } from "@std/assert";
import {
  formatCount,
  formatDuration,
  formatRate,
  formatSize,
  formatTime,
  printable,
} from "../../lib/cli/format.ts";

Deno.test("formatSize keeps two digits that count and never shows 1024 of a unit", () => {
  const sizes: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1300, "1.3 KiB"],
    [1536, "1.5 KiB"],
    [102_348, "99.9 KiB"],
    [102_400, "100 KiB"],
    [1024 ** 2 - 1, "1.0 MiB"],
    [12 * 1024 ** 2, "12.0 MiB"],
    [2.66 * 1024 ** 3, "2.7 GiB"],
    [1024 ** 4, "1.0 TiB"],
    [Number.MAX_SAFE_INTEGER, "8.0 PiB"],
  ];
  for (const [bytes, text] of sizes) assertEquals(formatSize(bytes), text);
});

Deno.test("formatRate, formatCount and formatTime read as people write", () => {
  assertEquals(formatRate(1_572_864.4), "1.5 MiB/s");
  assertEquals([1, 999, 1000, 1234567].map(formatCount), ["1", "999", "1,000", "1,234,567"]);
  assertEquals(formatTime(Date.UTC(2026, 2, 1, 12, 0, 7, 89)), "2026-03-01 12:00:07Z");
  assertEquals(formatTime(9e15), "unknown");
});

Deno.test("formatDuration shows the two largest units", () => {
  const durations: [number, string][] = [
    [0, "0s"],
    [1, "1s"],
    [59_000, "59s"],
    [59_001, "1m 00s"],
    [185_000, "3m 05s"],
    [7_800_000, "2h 10m"],
    [356_400_000, "4d 03h"],
  ];
  for (const [ms, text] of durations) assertEquals(formatDuration(ms), text);
});

Deno.test("printable spells out what could steer a terminal", () => {
  assertEquals(printable("a\x1b[2Jb\u202ec\n"), "a\\u001b[2Jb\\u202ec\\u000a");
  assertEquals(printable("grüße 日本 👍"), "grüße 日本 👍");
});
