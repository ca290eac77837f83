// Plots as SVG.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { barPlot } from "../../bench/plot/bars.ts";
import { linePlot } from "../../bench/plot/lines.ts";
import { element, gridValues, svg } from "../../bench/plot/svg.ts";

Deno.test("text and attributes cannot break out of an element", () => {
  const text = element("text", { x: 1 / 3, "aria-label": '"<&' }, "a < b & c");
  assertEquals(text, '<text x="0.33" aria-label="&quot;&lt;&amp;">a &lt; b &amp; c</text>');
});

Deno.test("a picture says what it shows and has colours for dark pages", () => {
  const file = svg({ width: 10, height: 20, title: "A & B", elements: [element("g", {})] });
  assertMatch(file, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 10 20"/);
  assertStringIncludes(file, "<title>A &amp; B</title>");
  assertStringIncludes(file, "prefers-color-scheme: dark");
  assertMatch(file, /<\/svg>\n$/);
});

Deno.test("a grid has round values that reach beyond the most", () => {
  assertEquals(gridValues(513), [0, 100, 200, 300, 400, 500, 600]);
  assertEquals(gridValues(1041), [0, 200, 400, 600, 800, 1000, 1200]);
});

Deno.test("a bar is as long as its value", () => {
  const bar = (value: number) => ({ name: "x", value, min: value, max: value, isOwn: false });
  const file = barPlot([{ title: "fast", bars: [bar(300), bar(150)] }]);
  const widths = [...file.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) =>
    Number(width)
  );
  assertEquals(widths[0], widths[1]! * 2);
});

Deno.test("a line has a point for each size, and the marked size stands out", () => {
  const file = linePlot({
    title: "by size",
    xTitle: "bytes",
    sizes: [256, 1300, 65536],
    marked: 1300,
    lines: [{ name: "download", kind: "down", values: [1, 2, 3] }],
  });
  assertEquals([...file.matchAll(/<circle /g)].length, 3);
  assertMatch(file, /class="head middle">1,300</);
  assertStringIncludes(file, ">64 Ki<");
});
