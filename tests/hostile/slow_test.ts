// Slow and silent peers are put out in time, and nobody else suffers.

import { carryOut } from "./attack.ts";
import { HEAVY_ATTACKS, MINUTE_ATTACKS, SLOW_ATTACKS } from "./slow_attacks.ts";
import { memoryStage } from "./stage.ts";

for (const attack of [...SLOW_ATTACKS, ...HEAVY_ATTACKS, ...MINUTE_ATTACKS]) {
  Deno.test(`a peer that ${attack.name} sees: ${attack.sees}`, async () => {
    await using stage = await memoryStage();
    await carryOut(attack, stage);
  });
}
