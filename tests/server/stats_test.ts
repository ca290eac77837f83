// However often a session asks for the figures of the server, others have their turn between two answers.

import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { memoryServer } from "../support/memory_server.ts";
import { RawPeer } from "../support/raw_peer.ts";

const COUNT = 200;

Deno.test("of many Stats in one write one is answered at a time, and others have their turn between", async () => {
  const clock = new FakeClock();
  const catalog = new MemoryCatalog(clock);
  const totals = catalog.totals.bind(catalog);
  let turn = 0;
  let isOver = false;
  const countTurns = () => {
    turn++;
    if (!isOver) setImmediate(countTurns);
  };
  const turns: number[] = [];
  catalog.totals = (owner) => {
    turns.push(turn);
    return totals(owner);
  };
  await using server = await memoryServer({ clock, catalog });
  const peer = new RawPeer(server.open());
  await peer.greet();
  countTurns();
  await peer.send(
    ...Array.from({ length: COUNT }, (_, n) => ({ type: "Stats", tag: n + 1 } as const)),
  );
  for (let tag = 1; tag <= COUNT; tag++) assertEquals((await peer.expect("Figures")).tag, tag);
  isOver = true;
  assertEquals(new Set(turns).size, COUNT);
});
