// The load of a program that uses the client library: `load_library.ts HOST:PORT CONNECTIONS SECONDS NAME` gets
// a small file again and again on each connection, every byte proven, and prints a line of JSON. It calls `getSmall`,
// which is there for that; `get`, for files of any size, takes some 25 µs more for each.

import { connect, type FileClient } from "../../mod.ts";
import { LoadCount } from "./load_count.ts";

const [address, connections, seconds, name] = Deno.args;
const clients: FileClient[] = [];
for (let made = 0; made < Number(connections); made++) clients.push(await connect(address!));
const count = new LoadCount(Number(seconds));
await Promise.all(clients.map(async (client) => {
  while (!count.isOver) {
    const began = performance.now();
    if (!await client.getSmall(name!)) throw new Error("The file did not come whole and proven");
    count.add(performance.now() - began);
  }
}));
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(count.report())}\n`));
await Promise.all(clients.map((client) => client.close()));
