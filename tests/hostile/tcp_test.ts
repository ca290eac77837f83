// The same attacks over real connections, in real time, on a real data folder. Those that only a rate over a
// minute ends are left to `deno task hostile`.

import { assertEquals } from "@std/assert";
import { carryOut } from "./attack.ts";
import { FRAMING_ATTACKS } from "./framing_attacks.ts";
import { REQUEST_ATTACKS } from "./request_attacks.ts";
import { SLOW_ATTACKS } from "./slow_attacks.ts";
import { tcpStage } from "./stage.ts";

Deno.test("over TCP, slow peers are put out in time", async (test) => {
  // Side by side, each on a server of its own: they last as long as the slowest.
  const steps = SLOW_ATTACKS.map((attack) =>
    test.step({
      name: `${attack.name}: ${attack.sees}`,
      sanitizeOps: false,
      sanitizeResources: false,
      sanitizeExit: false,
      fn: async () => {
        await using stage = await tcpStage();
        await carryOut(attack, stage);
      },
    })
  );
  await Promise.all(steps);
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
  await using stage = await tcpStage({}, { tls: true, strangers: true });
  // Not those that are many connections each, which `deno task hostile --tls --strangers` makes.
  const attacks = [...FRAMING_ATTACKS, ...REQUEST_ATTACKS].filter(({ name }) =>
    !/hundred|\d+ times/.test(name)
  );
  for (const attack of attacks) {
    await test.step(attack.name, async () => void await carryOut(attack, stage));
  }
  assertEquals(stage.sessions, 0);
});

Deno.test("over TLS, a peer that never reads holds no more than over TCP, and is put out", async () => {
  await using stage = await tcpStage({}, { tls: true });
  await carryOut(SLOW_ATTACKS.find(({ name }) => name.includes("large file"))!, stage);
});
