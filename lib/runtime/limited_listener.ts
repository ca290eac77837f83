// A listener whose connections together keep to a rate.

import type { Clock } from "../base/clock.ts";
import { RateLimit } from "../base/rate_limit.ts";
import type { Listener } from "./connection.ts";

/** The same listener under a limit, to be used and closed in its place; without one, itself. */
export function limitedListener(
  listener: Listener,
  { clock, bytesPerSecond }: { clock: Clock; bytesPerSecond: number | undefined },
): Listener {
  if (bytesPerSecond === undefined) return listener;
  const limit = new RateLimit(clock, bytesPerSecond);
  return {
    address: listener.address,
    accept: async () => {
      const connection = await listener.accept();
      return connection && limit.apply(connection);
    },
    close: () => listener.close(),
  };
}
