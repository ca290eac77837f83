// iperf3: what TCP itself reaches from the server's side to the client's, files and protocols aside.

import { outputOf } from "../measure/command.ts";
import { Daemon } from "../measure/daemon.ts";
import type { Contender } from "../measure/turns.ts";
import { freePort, onClient, onServer, type Stage } from "./stage.ts";

/** A running iperf3, which sends so many bytes a run; dispose it to end it. */
export async function startIperf3(
  stage: Stage,
  size: number,
): Promise<{ contender: Contender; server: Daemon }> {
  const port = String(freePort());
  const server = await Daemon.start({
    command: onServer(stage, "iperf3", "--server", "--forceflush", "-B", stage.host, "-p", port),
    ready: { line: /^Server listening/m },
    signal: stage.signal,
  });
  const where = ["--client", stage.host, "-p", port];
  const command = onClient(stage, "iperf3", ...where, "--reverse", "-n", String(size), "--json");
  const run = async () => ({ value: megabytesPerSecond(await outputOf(command, stage)) });
  return { contender: { name: "iperf3, its own figure", run }, server };
}

/** The rate of received bytes in the output of `iperf3 --json`. Throws where there is none. */
export function megabytesPerSecond(output: string): number {
  const rate = JSON.parse(output)?.end?.sum_received?.bits_per_second;
  if (typeof rate !== "number") throw new Error("iperf3 has not said what it received");
  return rate / 8e6;
}
