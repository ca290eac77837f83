// Peers that watch more than they may, or what there is not.

import { assertEquals } from "@std/assert";
import { errorCodeOf } from "../../lib/base/errors.ts";
import { MAX_WATCHES } from "../../lib/protocol/limits.ts";
import { FROM_NOW, type Message } from "../../lib/protocol/messages.ts";
import { watch } from "../support/requests.ts";
import { type Attack, lives, refused } from "./attack.ts";

const WRONG_WATCHES: readonly (readonly [name: string, request: Message, sees: string])[] = [
  ["watches for no changes", watch(1, { limit: 0 }), "limit (changes)"],
  ["watches for 65535 changes", watch(1, { limit: 65_535 }), "limit (changes)"],
  ["watches from a change that is yet to come", watch(1, { since: 2 ** 40 }), "gone"],
  ["watches a prefix of two lines", watch(1, { prefix: "a\nb" }), "invalid"],
];

/** As many watches as a session may have, with these tags. */
const ALL = Array.from({ length: MAX_WATCHES }, (_, index) => index + 1);

/** Attacks by watches. */
export const WATCH_ATTACKS: readonly Attack[] = [
  ...WRONG_WATCHES.map(([name, request, sees]): Attack => ({
    name,
    sees: `${sees}, the session lives`,
    act: async ({ peer }) => {
      await peer.greet();
      await peer.send(request);
      return await refused(peer, 1);
    },
  })),
  {
    name: "begins one watch more than a session may have",
    sees: "limit (watches), the session lives",
    act: async ({ peer }) => {
      await peer.greet();
      await peer.send(...ALL.map((tag) => watch(tag)), watch(MAX_WATCHES + 1));
      return await refused(peer, MAX_WATCHES + 1);
    },
  },
  {
    name: "begins and cancels all its watches, forty times",
    sees: "cancelled 640 times, the session lives",
    within: () => 20_000,
    act: async ({ peer }) => {
      await peer.greet();
      let cancelled = 0;
      for (let turn = 0; turn < 40; turn++) {
        await peer.send(
          ...ALL.map((tag) => watch(tag, { since: FROM_NOW })),
          ...ALL.map((tag): Message => ({ type: "Cancel", tag })),
        );
        for (let left = ALL.length; left > 0;) {
          const message = await peer.next();
          if (message?.type !== "Error") continue;
          assertEquals(errorCodeOf(message.code), "cancelled");
          cancelled++;
          left--;
        }
      }
      return `cancelled ${cancelled} times, the session lives${await lives(peer)}`;
    },
  },
  {
    name: "begins all its watches and leaves, twenty times",
    sees: "nothing, the session lives",
    within: () => 10_000,
    act: async (guest, stage) => {
      for (let turn = 0; turn < 20; turn++) {
        const { peer, gone } = await stage.open();
        await peer.greet();
        await peer.send(...ALL.map((tag) => watch(tag, { since: FROM_NOW })));
        await peer.expect("Watching");
        peer.connection.close();
        await gone;
      }
      await guest.peer.greet();
      return `nothing, the session lives${await lives(guest.peer)}`;
    },
  },
];
