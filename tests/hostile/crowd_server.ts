// The program that crowds are let loose on: `serve` with limits from the command line, which the real program
// does not take. `crowd_server.ts --listen HOST:PORT --data DIR LIMITS`, where LIMITS is JSON. At SIGTERM it
// says, in KiB, how much memory its objects take, garbage not counted, and ends.

import { parseArgs } from "@std/cli";
import { parseAddress } from "../../lib/cli/address.ts";
import { serve, type ServeOptions } from "../../mod.ts";

const { listen, data, _: [limits] } = parseArgs(Deno.args, { string: ["listen", "data", "_"] });
const server = await serve({
  ...JSON.parse(String(limits)) as ServeOptions,
  address: parseAddress(listen, { source: "--listen", anyPort: true }),
  dataFolder: data,
});
const { host, port } = server.address;
await Deno.stdout.write(new TextEncoder().encode(`listening on ${host}:${port}\n`));

Deno.addSignalListener("SIGTERM", async () => {
  const { gc } = globalThis as { gc?: () => void };
  let used = Infinity;
  let quietTurns = 0;
  // Until it falls no more: those who have left a moment ago are still being seen off.
  for (let turn = 0; turn < 100 && quietTurns < 3; turn++) {
    gc?.();
    await new Promise<void>((resolve) => setTimeout(resolve, 100));
    const { heapUsed, external } = Deno.memoryUsage();
    const now = Math.round((heapUsed + external) / 1024);
    quietTurns = now < used - 100 ? 0 : quietTurns + 1;
    used = Math.min(used, now);
  }
  await Deno.stderr.write(new TextEncoder().encode(`used ${used}\n`));
  Deno.exit(0);
});
