// Figures on the wire (PROTOCOL.md 4.17).

import { assertEquals } from "@std/assert";
import { decodeFigures, encodeFigures, FIGURE_NAMES } from "../../lib/protocol/figures.ts";

Deno.test("every figure comes back as it was", () => {
  const numbers = Object.fromEntries(FIGURE_NAMES.map((name, index) => [name, index ** 9]));
  const figures = { ...numbers, files: Number.MAX_SAFE_INTEGER, version: "1.2.3" };
  assertEquals(decodeFigures(encodeFigures(figures)), figures);
});

Deno.test("keys of later servers and values that are no numbers are passed over", () => {
  const field = {
    later: "1",
    files: "7",
    bytes: "9007199254740992",
    contents: "-1",
    uploads: "1e3",
    sessions: "",
    commits: " 1",
  };
  assertEquals(decodeFigures(field), { files: 7 });
});
