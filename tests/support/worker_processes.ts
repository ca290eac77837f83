// Which processes a server with workers has, and which of them serves how many connections; where the system
// tells it the way Linux does.

import { assert } from "@std/assert";
import { parseAddress } from "../../lib/cli/address.ts";
import { connect, type ConnectOptions } from "../../mod.ts";
import type { FileClient } from "../../mod.ts";
import type { ServerProcess } from "./server_process.ts";

/** A server that listens. */
export type Listening = ServerProcess & { readonly address: string };

/** Its workers. */
export function workersOf({ pid }: { readonly pid: number }): number[] {
  const found: number[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const children = readIfThere(`/proc/${pid}/task/${name}/children`);
    found.push(...children.split(" ").filter((text) => text !== "").map(Number));
  }
  return found;
}

/** How many connections a process serves on the port of a server. */
export function connectionsOf(pid: number, { address }: Listening): number {
  const port = parseAddress(address, { source: "address" }).port.toString(16).toUpperCase();
  const served = new Set<string>();
  for (const line of Deno.readTextFileSync("/proc/net/tcp").split("\n")) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local?.endsWith(`:${port.padStart(4, "0")}`) && state === "01") {
      served.add(`socket:[${inode}]`);
    }
  }
  let count = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      if (served.has(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))) count++;
    } catch {
      // Closed meanwhile.
    }
  }
  return count;
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  // One that has ended and that nobody has waited for is a zombie.
  const status = readIfThere(`/proc/${pid}/status`);
  return status !== "" && !/^State:\s+Z/m.test(status);
}

/** A client whose first connection is served by this process. */
export async function clientOf(
  pid: number,
  server: Listening,
  options: Partial<ConnectOptions> = {},
): Promise<FileClient> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const before = connectionsOf(pid, server);
    const client = await connect(server.address, options);
    if (connectionsOf(pid, server) > before) return client;
    await client.close();
  }
  throw new Error(`No connection reaches the process ${pid}`);
}

/** Looks again and again until it is so, for a bounded time: another process tells no other way. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!await isSo()) {
    assert(performance.now() < endMs, "It did not come about within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
