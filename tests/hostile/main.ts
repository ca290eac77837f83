// `deno task hostile`: every attack against a real server over TCP, and what came of it as a table for the
// README; with --tls over TLS, without the crowds; with --strangers by peers without a token, on a server that asks for
// one. Takes about two minutes, as a rate is measured over a minute.

import { concat } from "@std/bytes";
import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { connect } from "../../mod.ts";
import { read } from "../support/requests.ts";
import { type Attack, carryOut, type Outcome } from "./attack.ts";
import { CrowdServer, GREETED, leave, type Manner, mostConnections, weigh } from "./crowd.ts";
import { FRAMING_ATTACKS } from "./framing_attacks.ts";
import { REQUEST_ATTACKS } from "./request_attacks.ts";
import { HEAVY_ATTACKS, MINUTE_ATTACKS, SLOW_ATTACKS } from "./slow_attacks.ts";
import { tcpStage } from "./stage.ts";

const tls = Deno.args.includes("--tls");
const strangers = Deno.args.includes("--strangers");

await print("| a peer that | sees | after, s | honest files meanwhile | slowest, ms |");
await print("|---|---|---:|---:|---:|");
// Side by side, but not all at once: what a server does for one shows in its answer to the other.
await Promise.all([
  ...MINUTE_ATTACKS.map((attack) => alone([attack])),
  alone(SLOW_ATTACKS),
]);
for (const attack of HEAVY_ATTACKS) await alone([attack]);
await alone([...FRAMING_ATTACKS, ...REQUEST_ATTACKS]);
if (tls || strangers) Deno.exit();
await print("");
await print("| connections | of them | server, KiB each | in use when all have gone, MiB |");
await print("|---:|---|---:|---:|");
await weighed(0, "none, for comparison", {});
await weighed(await mostConnections(), "greeted and idle", GREETED);
await weighed(await mostConnections(), "connected, and said nothing", {});
await weighed(1000, "announced a frame of 1 MiB and sent no more", {
  first: concat([encode(hello()), Uint8Array.of(0, 16, 0, 0, 13, 0, 0, 0, 1)]),
  waits: true,
});
await weighed(200, "asked for a large file and read nothing", {
  first: concat([encode(hello()), encode(read(1, { name: "large" }))]),
  waits: true,
});

/** Carries attacks out, one after the other, on a server of their own, and prints what came of each. */
async function alone(attacks: readonly Attack[]): Promise<void> {
  await using stage = await tcpStage({}, { tls, strangers });
  for (const attack of attacks) await print(row(await carryOut(attack, stage)));
}

function row({ name, sees, afterMs, honest, slowestMs }: Outcome): string {
  const seconds = (afterMs / 1000).toFixed(2);
  return `| ${name} | ${sees} | ${seconds} | ${honest} | ${Math.round(slowestMs)} |`;
}

async function weighed(count: number, what: string, manner: Manner): Promise<void> {
  const places = count + 200;
  await using server = await CrowdServer.start({
    maxConnections: places,
    limits: { maxSessions: places },
  });
  await using client = await connect(server.address);
  await client.put("large", new Uint8Array(32 * 1024 * 1024));
  await client.close();
  const { crowd, cost } = await weigh(server, count, manner);
  leave(crowd);
  const usedMiB = (await server.usedKiB() / 1024).toFixed(1);
  const each = cost && count > 0 ? cost.each.toFixed(1) : "";
  await print(`| ${count} | ${what} | ${each} | ${usedMiB} |`);
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}
