// How a simulated client comes by its connection: the one place that knows what `FileClient` offers for that.

import { MorselError } from "../../lib/base/errors.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import type { Connection } from "../../lib/runtime/connection.ts";
import type { SimRandom } from "./random.ts";
import type { SimProcess } from "./sim_clock.ts";
import { SERVER_ADDRESS } from "./sim_network.ts";
import type { World } from "./world.ts";

/** How long a connection may take, in milliseconds. */
const CONNECT_MS = 10_000;

/** What a client is given. */
export interface OpenClientOptions {
  readonly process: SimProcess;
  readonly random: SimRandom;
  /** How long to go on trying when the connection is lost, in milliseconds. */
  readonly retryMs: number;
  /** Called each time what is under way may be begun again. */
  readonly onRepeat: () => void;
}

/** Connects a client. Throws `connection` or `deadline`. */
export async function openClient(world: World, options: OpenClientOptions): Promise<FileClient> {
  const { process, random, retryMs, onRepeat } = options;
  return await FileClient.connect({
    clock: process,
    retryMs,
    random: () => random.between(0, 1),
    onReconnecting: ({ attempt, pauseMs, reason }) => {
      world.log(process.name, `connects again in ${pauseMs} ms, ${attempt}: ${reason.message}`);
      onRepeat();
    },
    dial: () => dial(world, process),
  });
}

/** As `connect` of client.ts does it: within a time. */
async function dial(world: World, process: SimProcess): Promise<Connection> {
  const timeout = new AbortController();
  const late = new MorselError("deadline", "No connection within 10 s");
  const stopTimer = process.timer(CONNECT_MS, () => timeout.abort(late));
  try {
    return await world.network.host(process).connect(SERVER_ADDRESS, { signal: timeout.signal });
  } finally {
    stopTimer();
  }
}
