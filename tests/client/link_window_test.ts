// How many bytes of a download are under way: twice what the link holds, and as many as there may be where that
// cannot be told; and in what pieces.

import { assertEquals } from "@std/assert";
import { LinkWindow } from "../../lib/client/link_window.ts";

const MIB = 1024 * 1024;

Deno.test("a link that holds more has nearly twice under way what round trips bring, up to a bound", () => {
  const window = windowOver(100);
  const windows = [20, 20, 30, 30, 60].map((mib) => {
    window.round(mib);
    return window.size / MIB;
  });
  assertEquals(windows, [22, 20 * 1.85, 25 * 1.85, 30 * 1.85, 64]);
});

Deno.test("what comes late, and all at once, is not taken for a better link", () => {
  const window = windowOver(100);
  for (const mib of [12, 12, 1, 23, 12, 0, 24, 12]) window.round(mib);
  assertEquals(window.size / MIB, 12 * 1.85);
});

Deno.test("a silence opens the window, but not that of a slow consumer", () => {
  const window = windowOver(100);
  window.arrived(23 * MIB, 50, true);
  window.arrived(MIB, 130, false);
  window.arrived(MIB, 200, true);
  assertEquals(window.size / MIB, 22);
  window.arrived(MIB, 276, true);
  assertEquals(window.size / MIB, 64);
  // What comes from then on does not close it.
  for (const mib of [12, 12, 12, 12]) window.round(mib);
  assertEquals(window.size / MIB, 64);
});

Deno.test("the silences of TCP's beginning do not open the window", () => {
  const window = windowOver(105);
  for (let burst = 1; burst < 8; burst++) {
    window.arrived(2 ** burst * 1000, 100 * burst, true);
    window.arrived(2 ** burst * 1000, 100 * burst + 2, true);
  }
  assertEquals(window.size / MIB, 22);
});

Deno.test("a piece is what comes in 20 ms, from 4 MiB up to 8, and no larger for what comes late", () => {
  const near = windowOver(20);
  const pieces = [6, 6, 7, 2, 12, 0, 30, 30, 5, 1].map((mib) => {
    near.round(mib);
    return near.piece / MIB;
  });
  assertEquals(pieces, [4, 6, 6.5, 4, 7, 4, 8, 8, 5, 4]);
  const far = windowOver(100);
  for (const mib of [12, 12, 12]) far.round(mib);
  assertEquals(far.piece / MIB, 4);
});

Deno.test("the window stays as it is where a round trip takes no time", () => {
  const window = windowOver(0);
  for (let count = 0; count < 100; count++) window.arrived(MIB, 0, true);
  assertEquals(window.size / MIB, 22);
});

/** The window of a download over a link with this round trip, whose first byte came at 0 ms. */
function windowOver(roundTripMs: number) {
  const window = new LinkWindow();
  let lastMs = 0;
  const arrived = (size: number, nowMs: number, isTaken: boolean) =>
    window.arrived(size, { nowMs: lastMs = nowMs, roundTripMs, isTaken });
  arrived(0, 0, true);
  return {
    arrived,
    /** In halves: it is what comes in a whole round trip that counts. */
    round(mib: number) {
      const startMs = lastMs;
      arrived(mib / 2 * MIB, startMs + roundTripMs / 2, true);
      arrived(mib / 2 * MIB, startMs + roundTripMs, true);
    },
    get size() {
      return window.size;
    },
    get piece() {
      return window.piece;
    },
  };
}
