// Many peers at once on a real server in a process of its own: what they cost it, and that all is free again
// when they have gone.

import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { errorCodeOf } from "../../lib/base/errors.ts";
import { parseAddress } from "../../lib/cli/address.ts";
import { denoNetwork } from "../../lib/runtime/deno_network.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { connect, type ServeOptions } from "../../mod.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { ServerProcess } from "../support/server_process.ts";
import { HonestClient } from "./honest_client.ts";

const HELLO = encode(hello());
/** Connections that are made side by side: less than the system lets wait to be accepted. */
const BATCH = 50;

/** Options of a {@linkcode CrowdServer}. */
export type CrowdOptions = Pick<ServeOptions, "limits" | "maxConnections">;

/** How a connection behaves: what it sends when it is open, and whether it waits for an answer. */
export interface Manner {
  readonly first?: Uint8Array;
  readonly waits?: boolean;
}

/** Greets and waits for the answer. */
export const GREETED: Manner = { first: HELLO, waits: true };

/** A server for crowds; disposing it kills it. */
export class CrowdServer implements AsyncDisposable {
  readonly address: string;
  readonly #process: ServerProcess;
  readonly #folder: string;

  private constructor(server: ServerProcess & { address: string }, folder: string) {
    this.address = server.address;
    this.#process = server;
    this.#folder = folder;
  }

  static async start(options: CrowdOptions): Promise<CrowdServer> {
    const dataFolder = await Deno.makeTempDir({ prefix: "morsel-crowd-" });
    const program = "tests/hostile/crowd_server.ts";
    const started = await ServerProcess.start({
      dataFolder,
      program,
      flags: ["--v8-flags=--expose-gc"],
      args: [JSON.stringify(options)],
    });
    return new CrowdServer(started, dataFolder);
  }

  /** Resident memory in KiB; undefined on systems that do not tell it. */
  get residentKiB(): number | undefined {
    return this.#process.residentKiB();
  }

  /** A client that behaves, at work. */
  honest(): Promise<HonestClient> {
    const { address } = this;
    return HonestClient.start({ kind: "tcp", clock: systemClock, connect: () => connect(address) });
  }

  /** One more peer that speaks by hand. */
  async peer(): Promise<RawPeer> {
    return new RawPeer(
      await denoNetwork.connect(parseAddress(this.address, { source: "address" })),
    );
  }

  /** What a peer that greets now is told: `welcome`, an error code and the limit, or `closed`. */
  async greeting(): Promise<string> {
    const { peer, told } = await this.guest();
    peer.connection.close();
    return told;
  }

  /** A peer that has greeted, and what it was told. */
  async guest(): Promise<{ peer: RawPeer; told: string }> {
    const peer = await this.peer();
    void peer.sendBytes(HELLO);
    const reply = await peer.next().catch(() => undefined);
    if (reply?.type !== "Error") return { peer, told: reply?.type.toLowerCase() ?? "closed" };
    const { limit, value } = reply.detail;
    return { peer, told: `${errorCodeOf(reply.code)} (${limit} ${value})` };
  }

  /** So many connections. Close them with `leave`. */
  async crowd(count: number, { first, waits }: Manner = {}): Promise<Deno.TcpConn[]> {
    const { host: hostname, port } = parseAddress(this.address, { source: "address" });
    const crowd: Deno.TcpConn[] = [];
    const one = async () => {
      const connection = await Deno.connect({ hostname, port });
      crowd.push(connection);
      if (first) await connection.write(first);
      if (waits) await connection.read(new Uint8Array(256));
    };
    while (crowd.length < count) {
      const batch = Math.min(BATCH, count - crowd.length);
      await Promise.all(Array.from({ length: batch }, one));
    }
    return crowd;
  }

  /** Ends it; what its objects took at the end, garbage not counted, in KiB. */
  async usedKiB(): Promise<number> {
    this.#process.kill("SIGTERM");
    const { err } = await this.#process.ended;
    return Number(/^used (\d+)$/m.exec(err)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** All of them go. */
export function leave(crowd: readonly Deno.TcpConn[]): void {
  for (const connection of crowd) connection.close();
}

/** Waits until a peer that greets is welcome, or fails after some seconds: the places of others are free. */
export async function untilWelcome(server: CrowdServer): Promise<void> {
  for (const { connection } of await fill(server, 1)) connection.close();
}

/** Takes so many places, waiting up to some seconds for those who are still being seen off. */
export async function fill(server: CrowdServer, places: number): Promise<RawPeer[]> {
  const guests: RawPeer[] = [];
  for (let refusals = 0; guests.length < places;) {
    const { peer, told } = await server.guest();
    if (told === "welcome") {
      guests.push(peer);
      continue;
    }
    peer.connection.close();
    if (++refusals > 200) throw new Error(`A place is not free again: ${told}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 50));
  }
  return guests;
}

/** How many connections this machine lets one process have, at most ten thousand. */
export async function mostConnections(): Promise<number> {
  // Elsewhere than on Linux the least that is usual.
  const limits = await Deno.readTextFile("/proc/self/limits").catch(() => "Max open files 1024");
  const files = Number(/Max open files\s+(\d+)/.exec(limits)?.[1]);
  return Math.max(100, Math.min(10_000, files - 300));
}

/** What a crowd costs. */
export interface Cost {
  readonly count: number;
  /** Resident memory of the server before they came and with all of them there, in KiB. */
  readonly beforeKiB: number;
  readonly withKiB: number;
  /** KiB each. */
  readonly each: number;
}

/** Lets so many come and weighs the server. Undefined where the system tells no resident memory. */
export async function weigh(
  server: CrowdServer,
  count: number,
  manner: Manner,
): Promise<{ crowd: Deno.TcpConn[]; cost: Cost | undefined }> {
  // The first ones make the program warm; what that takes is no cost of a connection.
  leave(await server.crowd(100, GREETED));
  const first = await server.crowd(BATCH, manner);
  const beforeKiB = server.residentKiB;
  const crowd = [...first, ...await server.crowd(count, manner)];
  const withKiB = server.residentKiB;
  if (beforeKiB === undefined || withKiB === undefined) return { crowd, cost: undefined };
  return { crowd, cost: { count, beforeKiB, withKiB, each: (withKiB - beforeKiB) / count } };
}
