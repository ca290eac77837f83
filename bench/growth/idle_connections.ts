// What a connection costs that does nothing: resident memory of the server, and of the library in a client.

import { Daemon } from "../measure/daemon.ts";
import type { Stage } from "../peers/stage.ts";
import type { Workload } from "../peers/workload.ts";
import { formatCount } from "../../lib/cli/format.ts";
import { CrowdServer, GREETED, leave, mostConnections, weigh } from "../../tests/hostile/crowd.ts";

/** Resident memory for each of so many connections, garbage that is not collected yet included. */
export function idleConnections(count: number): Workload {
  return {
    id: "idle",
    title: () => `memory for each of ${formatCount(count)} idle connections, the server's`,
    unit: "KiB",
    goals: {},
    ownGoal: { atMost: 32 },
    open: ({ stage }) => {
      const run = () => connectAndWait(stage, count);
      return Promise.resolve({ contenders: [{ name: "Morsel", isSubject: true, run }] });
    },
  };
}

async function connectAndWait(stage: Stage, wanted: number) {
  const count = Math.min(wanted, await mostConnections());
  // More than one address may have at a server with the default limits.
  const most = count * 2 + 1000;
  await using server = await CrowdServer.start({
    limits: { maxSessions: most },
    maxConnections: most,
  });
  const { crowd, cost } = await weigh(server, count, GREETED);
  leave(crowd);
  const script = new URL("idle_clients.ts", import.meta.url).pathname;
  await using clients = await Daemon.start({
    command: [Deno.execPath(), "run", "-A", script, server.address, String(count)],
    ready: { line: /^grown by (\d+) KiB$/m },
    signal: stage.signal,
  });
  return { value: cost!.each, extras: { clientKiB: Number(clients.match[1]) / count } };
}
