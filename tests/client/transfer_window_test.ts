// How many bytes of a transfer are under way: twice what the link holds, and as many as there may be where that
// cannot be told.

import { assertEquals } from "@std/assert";
import { TransferWindow } from "../../lib/client/transfer_window.ts";

const MIB = 1024 * 1024;

Deno.test("a link that holds more has nearly twice under way what a round trip brought, up to a bound", () => {
  const window = windowOver(100);
  const windows = [10, 20, 15, 40].map((mib, round) => {
    // In halves: it is what came in a whole round trip that counts.
    window.arrived(mib / 2 * MIB, 1000 + 100 * round + 50, true);
    window.arrived(mib / 2 * MIB, 1000 + 100 * round + 100, true);
    return window.size / MIB;
  });
  assertEquals(windows, [22, 37, 37, 64]);
});

Deno.test("the window opens when less comes than before, but not for a slow consumer", () => {
  const window = windowOver(100);
  window.arrived(2 * MIB, 1100, true);
  window.arrived(2 * MIB, 1250, true);
  window.arrived(MIB / 2, 1350, false);
  assertEquals(window.size / MIB, 22);
  // As much as before, but after a silence that a lost packet makes.
  window.arrived(2 * MIB, 1650, true);
  assertEquals(window.size / MIB, 64);
});

Deno.test("the silences of TCP's beginning do not open the window", () => {
  const window = windowOver(105);
  for (let burst = 1; burst < 8; burst++) {
    window.arrived(2 ** burst * 1000, 1000 + 100 * burst, true);
    window.arrived(2 ** burst * 1000, 1002 + 100 * burst, true);
  }
  assertEquals(window.size / MIB, 22);
});

Deno.test("the window stays as it is where a round trip takes no time", () => {
  const window = windowOver(0);
  for (let count = 0; count < 100; count++) window.arrived(MIB, 1000, true);
  assertEquals(window.size / MIB, 22);
});

/** The window of a transfer over a link with this round trip, whose first byte came at 1000 ms. */
function windowOver(roundTripMs: number) {
  const window = new TransferWindow();
  const arrived = (size: number, nowMs: number, isTaken: boolean) =>
    window.arrived(size, { nowMs, roundTripMs, isTaken });
  arrived(0, 1000, true);
  return {
    arrived,
    get size() {
      return window.size;
    },
  };
}
