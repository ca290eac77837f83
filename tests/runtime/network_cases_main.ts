// The network conformance suite as a program, for a runtime to run: takes a Place as JSON, without the
// network, and prints a line of JSON for each case.

import process from "node:process";
import { NETWORK_CASES, type Place } from "./network_conformance.ts";
import { type LoopbackTls, networkOfRuntime } from "./tls_network.ts";

/** How a case went. */
export interface Outcome {
  readonly sentence: string;
  readonly tookMs: number;
  /** The stack of what it threw. */
  readonly failure?: string;
}

/** A place as it can be told to another process. */
type GivenPlace = Omit<Place, "network"> & { readonly tls?: LoopbackTls };

const { tls, ...given } = JSON.parse(process.argv[2]!) as GivenPlace;
const place: Place = { ...given, network: await networkOfRuntime(tls) };
for (const { sentence, run } of NETWORK_CASES) {
  const startedMs = performance.now();
  let failure: string | undefined;
  try {
    await run(place);
  } catch (error) {
    failure = error instanceof Error ? error.stack ?? error.message : String(error);
  }
  const tookMs = performance.now() - startedMs;
  print({ sentence, tookMs, ...(failure !== undefined && { failure }) });
}
process.exit();

function print(outcome: Outcome): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
