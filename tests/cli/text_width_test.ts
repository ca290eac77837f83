import { assertEquals } from "@std/assert";
import { fitWidth, padWidth, textWidth } from "../../lib/cli/text_width.ts";

Deno.test("textWidth counts columns, not characters", () => {
  const widths: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["grüße", 5],
    ["e\u0301", 1],
    ["日本", 4],
    ["한국어", 6],
    ["\u1112\u1161\u11ab", 2], // a Hangul syllable, spelled out
    ["ｆｕｌｌ", 8],
    ["👍", 2],
    ["👍🏽", 2],
    ["👩‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤", 1],
    ["❤\ufe0f", 2],
    ["1\ufe0f\u20e3", 2],
    ["a\u200bb", 2],
    ["soft\u00adhyphen", 11],
    ["ไทย", 3],
    ["ที่", 1],
    ["क्षि", 3],
  ];
  for (const [text, width] of widths) assertEquals([text, textWidth(text)], [text, width]);
});

Deno.test("fitWidth cuts in the middle, never inside a character, and never gets wider than asked", () => {
  assertEquals(fitWidth("short", 10), "short");
  assertEquals(fitWidth("holiday-2026-0001.jpg", 11), "holid…1.jpg");
  assertEquals(fitWidth("日本日本日本", 6), "日…本");
  assertEquals(fitWidth("e\u0301e\u0301e\u0301e\u0301", 3), "e\u0301…e\u0301");
  assertEquals(fitWidth("👩‍👩‍👧🇩🇪🇫🇷👩‍👩‍👧", 6), "👩‍👩‍👧…👩‍👩‍👧");
  for (const text of ["日本 some name", "👩‍👩‍👧 e\u0301🇩🇪 क्षि"]) {
    for (let width = 0; width < 16; width++) {
      const cut = textWidth(fitWidth(text, width));
      assertEquals(cut <= width, true, `${cut} at ${width}`);
    }
  }
});

Deno.test("padWidth fills up by columns", () => {
  assertEquals([padWidth("日本", 6), padWidth("abc", 2)], ["日本  ", "abc"]);
});
