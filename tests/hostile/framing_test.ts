// Bytes that are no Morsel, or broken Morsel, are refused at once, and nobody else suffers.

import { carryOut } from "./attack.ts";
import { FRAMING_ATTACKS } from "./framing_attacks.ts";
import { memoryStage } from "./stage.ts";

for (const attack of FRAMING_ATTACKS) {
  Deno.test(`a peer that ${attack.name} sees: ${attack.sees}`, async () => {
    await using stage = await memoryStage();
    await carryOut(attack, stage);
  });
}
