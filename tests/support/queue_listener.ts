// A listener in memory, for servers whose clients come from any address a test wants.

import type { Connection, Listener } from "../../lib/runtime/connection.ts";
import { memoryPair } from "./memory_connection.ts";

/** A listener, and how to connect to it. */
export interface QueueListener extends Listener {
  /** A connection from `remote`, a `host:port`; its near end. */
  dial(remote: string): Connection;
}

/** Makes one. */
export function queueListener(): QueueListener {
  const queue: Connection[] = [];
  let wake = () => {};
  let isClosed = false;
  return {
    address: { host: "memory", port: 1 },
    accept: async () => {
      while (queue.length === 0 && !isClosed) await new Promise<void>((resolve) => wake = resolve);
      return queue.shift();
    },
    close: () => {
      isClosed = true;
      wake();
    },
    dial: (remote) => {
      const [near, far] = memoryPair();
      queue.push(Object.assign(far, { remote }));
      wake();
      return near;
    },
  };
}
