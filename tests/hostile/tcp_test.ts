// The same attacks over real connections, in real time, on a real data folder. Those that only a rate over a
// minute ends are left to `deno task hostile`.

import { assertEquals } from "@std/assert";
import { type Attack, carryOut } from "./attack.ts";
import { FRAMING_ATTACKS } from "./framing_attacks.ts";
import { REQUEST_ATTACKS } from "./request_attacks.ts";
import { SLOW_ATTACKS } from "./slow_attacks.ts";
import { tcpStage } from "./stage.ts";

Deno.test("over TCP, slow peers are put out in time, and over TLS one that never reads", async (test) => {
  // Side by side, each on a server of its own: they last as long as the slowest.
  const alone = async (attack: Attack, tls: boolean) => {
    await using stage = await tcpStage({}, { tls });
    await step(
      test,
      `${attack.name}${tls ? " over TLS" : ""}: ${attack.sees}`,
      carryOut(attack, stage),
    );
  };
  const neverReads = SLOW_ATTACKS.find(({ name }) => name.includes("large file"))!;
  await Promise.all([
    ...SLOW_ATTACKS.map((attack) => alone(attack, false)),
    alone(neverReads, true),
  ]);
});

Deno.test("over TCP, one server bears all the others, and has every place free at the end", async (test) => {
  await using stage = await tcpStage();
  for (const attack of [...FRAMING_ATTACKS, ...REQUEST_ATTACKS]) {
    await test.step(`${attack.name}: ${attack.sees}`, async () => {
      await carryOut(attack, stage);
    });
  }
  assertEquals(stage.sessions, 0);
  const { maxSessions } = stage.limits;
  const clients = await Promise.all(Array.from({ length: maxSessions }, () => stage.connect()));
  for (const client of clients) await client.stat("honest");
  for (const client of clients) await client.close();
});

Deno.test("over TLS, strangers are put out of a server that asks for a token, whatever they do", async (test) => {
  // Not those that are many connections each, which `deno task hostile --tls --strangers` makes.
  const attacks = [...FRAMING_ATTACKS, ...REQUEST_ATTACKS].filter(({ name }) =>
    !/hundred|\d+ times/.test(name)
  );
  // Two of them say nothing until they are put out after ten seconds: the others do not wait for that.
  const queue = attacks.values();
  const inTurn = async () => {
    await using stage = await tcpStage({}, { tls: true, strangers: true });
    for (const attack of queue) await step(test, attack.name, carryOut(attack, stage));
    assertEquals(stage.sessions, 0);
  };
  await Promise.all([inTurn(), inTurn(), inTurn()]);
});

/** A step beside others. */
function step(test: Deno.TestContext, name: string, work: Promise<unknown>): Promise<boolean> {
  return test.step({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    sanitizeExit: false,
    fn: async () => void await work,
  });
}
