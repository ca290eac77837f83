// Sessions end with their tokens also where the tokens cannot be read for a while.

import { assertEquals, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { RIGHTS } from "../../lib/base/principal.ts";
import { TOKEN_WATCH_MS, TokenWatch } from "../../lib/server/token_watch.ts";
import type { TokenStore } from "../../lib/store/token_store.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";

Deno.test("a token that cannot be read keeps no others from being judged, and is judged once it can be", async () => {
  using watched = await watchedTokens("one", "two", "three");
  const { clock, tokens, unreadable, ended, errors } = watched;
  watched.follow("one");
  watched.follow("two");
  watched.follow("three");
  tokens.revoke("one");
  tokens.revoke("two");
  unreadable.add("one").add("three");
  watched.change();
  await clock.advance(TOKEN_WATCH_MS);
  assertEquals(ended, ["two"]);
  assertEquals(errors.map(({ code }) => code), ["storage"]);

  unreadable.clear();
  await clock.advance(TOKEN_WATCH_MS);
  assertEquals(ended, ["two", "one"]);
  assertEquals(errors.length, 1);
});

Deno.test("who could not be judged in the beginning is not followed", async () => {
  using watched = await watchedTokens("one");
  const { clock, tokens, unreadable, ended } = watched;
  unreadable.add("one");
  assertThrows(() => watched.follow("one"), MorselError);
  unreadable.clear();
  tokens.revoke("one");
  watched.change();
  await clock.advance(TOKEN_WATCH_MS);
  assertEquals(ended, []);
});

/** Tokens of these names, some of which cannot be read, and a watch over them. */
async function watchedTokens(...names: string[]) {
  const clock = new FakeClock();
  const real = memoryTokens(clock);
  for (const name of names) await makeToken(real, name, RIGHTS);
  const find = real.find.bind(real);
  const unreadable = new Set<string>();
  let mark = 1;
  const tokens: TokenStore = Object.assign(real, {
    // The real one tells of other processes only.
    changeMark: () => mark,
    find(name: string) {
      if (unreadable.has(name)) throw new MorselError("storage", "Cannot read the tokens");
      return find(name);
    },
  });
  const errors: MorselError[] = [];
  const ended: string[] = [];
  const onError = (error: unknown) => void errors.push(error as MorselError);
  const watch = new TokenWatch(tokens, { clock, onError });
  return {
    clock,
    tokens,
    unreadable,
    ended,
    errors,
    change: () => void mark++,
    follow: (name: string) => watch.follow(find(name)!, () => ended.push(name)),
    [Symbol.dispose]() {
      watch.stop();
      tokens[Symbol.dispose]();
    },
  };
}
