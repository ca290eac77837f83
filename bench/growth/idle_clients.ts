// Clients that connect and do nothing: `idle_clients.ts HOST:PORT COUNT`. Says by how much its memory has grown
// when all are connected, and waits to be stopped.

import { connect, type FileClient } from "../../mod.ts";

const [address, count] = Deno.args;
/** Connections that are made side by side: less than the system lets wait to be accepted. */
const SIDE_BY_SIDE = 50;

const clients: FileClient[] = [];
const before = Deno.memoryUsage().rss;
while (clients.length < Number(count)) {
  const step = Math.min(SIDE_BY_SIDE, Number(count) - clients.length);
  clients.push(...await Promise.all(Array.from({ length: step }, () => connect(address!))));
}
const grownKiB = Math.round((Deno.memoryUsage().rss - before) / 1024);
await Deno.stdout.write(new TextEncoder().encode(`grown by ${grownKiB} KiB\n`));
await new Promise(() => setInterval(() => {}, 1000));
