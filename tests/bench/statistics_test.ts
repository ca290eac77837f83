// What benches say of their runs: medians, goals, tables.

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Goal, goalText, judge } from "../../bench/measure/goals.ts";
import { figure, resultText, rowsOf } from "../../bench/measure/results.ts";
import { median, quantile, summarize } from "../../bench/measure/statistics.ts";

Deno.test("the median is the middle value, whatever the order, or the mean of two", () => {
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertThrows(() => median([]), RangeError);
});

Deno.test("a quantile is a value that was measured", () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
  assertEquals(quantile(values, 0.5), 50);
  assertEquals(quantile(values, 0.99), 99);
  assertEquals(quantile([7], 0.99), 7);
  assertThrows(() => quantile([], 0.5), RangeError);
});

Deno.test("a summary has the spread", () => {
  assertEquals(summarize([3, 1, 2]), { median: 2, min: 1, max: 3 });
});

Deno.test("a goal is met at its very bound, and missed by what is no number", () => {
  const cases: [Goal, number, string][] = [
    [{ atLeast: 1.2 }, 1.2, "met"],
    [{ atLeast: 1.2 }, 1.19, "missed"],
    [{ atMost: 0.5 }, 0.5, "met"],
    [{ atMost: 0.5 }, 0.51, "missed"],
    [{ atLeast: 1 }, NaN, "missed"],
  ];
  for (const [goal, value, verdict] of cases) assertEquals(judge(goal, value), verdict);
  assertEquals(goalText({ atLeast: 1.2, aim: 1.5 }), "at least 1.2× (aim 1.5×)");
  assertEquals(goalText({ atMost: 0.15 }, " s"), "at most 0.15 s");
});

Deno.test("rows are compared with the subject, wherever it stands, and judged", () => {
  const runs = (...values: number[]) => values.map((value) => ({ value }));
  const rows = rowsOf([["nginx", runs(100, 90)], ["Morsel", runs(150, 130)]], {
    subject: "Morsel",
    goals: { nginx: { atLeast: 1.5 }, Morsel: { atLeast: 9 } },
    ownGoal: { atLeast: 100 },
    unit: "MB/s",
  });
  assertEquals(rows.map(({ name, ratio, goal, verdict }) => ({ name, ratio, goal, verdict })), [
    { name: "nginx", ratio: 140 / 95, goal: "at least 1.5×", verdict: "missed" },
    { name: "Morsel", ratio: 1, goal: "at least 100 MB/s", verdict: "met" },
  ]);
});

Deno.test("without the subject there is no ratio and no verdict", () => {
  const [row] = rowsOf([["nginx", [{ value: 1 }]]], {
    subject: undefined,
    goals: { nginx: { atLeast: 1.5 } },
    unit: "s",
  });
  assertEquals([row!.ratio, row!.goal, row!.verdict], [undefined, undefined, undefined]);
});

Deno.test("a table has a line for each row, its notes and who is missing", () => {
  const rows = rowsOf([["Morsel", [{ value: 2, extras: { p99Us: 7 } }]]], {
    subject: "Morsel",
    goals: {},
    unit: "s",
  });
  const missing = ["sftp: it is not there"];
  const text = resultText({ id: "x", title: "work", unit: "s", notes: ["a note"], rows, missing });
  const lines = text.split("\n");
  assertMatch(lines[0]!, /^work, s +median +min +max .* p99 µs$/);
  assertMatch(lines[1]!, /^Morsel +2\.00 +2\.00 +2\.00 +1\.00× .* 7\.00$/);
  assertEquals(lines.slice(2), ["  without sftp: it is not there", "  a note"]);
});

Deno.test("figures have three digits that count", () => {
  assertEquals([0.0123456, 1.2345, 12.345, 123.45, 12345.6, 0].map(figure), [
    "0.0123",
    "1.23",
    "12.3",
    "123",
    "12346",
    "0",
  ]);
});
