// Disorder and excess cost the request or the session of the peer that makes them, and nobody else anything.

import { carryOut } from "./attack.ts";
import { REQUEST_ATTACKS } from "./request_attacks.ts";
import { memoryStage } from "./stage.ts";

for (const attack of REQUEST_ATTACKS) {
  Deno.test(`a peer that ${attack.name} sees: ${attack.sees}`, async () => {
    await using stage = await memoryStage();
    await carryOut(attack, stage);
  });
}
