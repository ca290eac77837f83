// What a server and its workers say to each other: over the standard streams of a worker, and at the beginning
// of the connections over which it asks the server to change something.

import { hmac } from "../base/scram.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Address, ServerTls } from "../runtime/connection.ts";
import type { Counts } from "./counts.ts";
import type { LogRecord } from "./server_log.ts";

/** Where a worker reaches its server, and what proves each to the other. */
export interface OwnerDoorAddress extends Pick<Address, "host" | "port"> {
  /** 64 hexadecimal digits, new with every start; never on a command line or in the environment. */
  readonly secret: string;
}

/** What a worker is to do. */
export interface WorkerOrders {
  /** Where it listens. */
  readonly address: Address;
  /** What it shows over TLS; plain TCP without it. */
  readonly tls?: ServerTls | undefined;
  readonly dataFolder: string;
  readonly owner: OwnerDoorAddress;
  readonly limits: Limits;
  /** Hexadecimal digits: that of its server. */
  readonly bootId: string;
  readonly maxConnections: number;
  readonly graceMs: number;
  /** Its share, in bytes a second; undefined for no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** How many processes serve, the server included: rates of tokens are shared out. */
  readonly sharedBy: number;
  /** Whether each frame is printed. */
  readonly isTraced: boolean;
  /** Whether it tells what happens. */
  readonly isLogged: boolean;
}

/** What a server says to a worker; the orders come first. */
export type ToWorker =
  | { readonly type: "orders"; readonly orders: WorkerOrders }
  /** Something has changed. */
  | { readonly type: "changed" }
  /** Nothing names this blob any more. */
  | { readonly type: "letGo"; readonly id: string }
  /** Something is wrong with a blob, or nothing is any more. */
  | { readonly type: "damage"; readonly id: string; readonly damage?: string | undefined }
  /** The certificates have changed. */
  | { readonly type: "tls"; readonly tls: ServerTls }
  | { readonly type: "stop" };

/** What a worker says to its server. */
export type FromWorker =
  | { readonly type: "listening" }
  /** What it has counted since its start. */
  | { readonly type: "counts"; readonly counts: Counts }
  /** Something has happened. */
  | { readonly type: "log"; readonly record: LogRecord }
  /** Nobody here reads this blob any more. */
  | { readonly type: "letGo"; readonly id: string }
  /** A content is damaged: its digest in hexadecimal digits, and its blob if it has one. */
  | {
    readonly type: "damage";
    readonly digest: string;
    readonly blob?: string | undefined;
    readonly damage?: string | undefined;
  };

/** The mechanism by which a worker proves that it is one. */
export const WORKER_MECHANISM = "MORSEL-WORKER";

/**
 * The deadlines between a server and its workers, in weeks: those of the client's connection pass first, whose Pings are not
 * relayed, and a process that has gone shows at once.
 */
export const PATIENCE: Pick<Limits, "idleMs" | "stallMs" | "minRate"> = {
  idleMs: 2_000_000_000,
  stallMs: 1_000_000_000,
  minRate: 0,
};

/** The proof that one side knows the secret, for the nonce of the other. */
export function workerProof(
  secret: string,
  who: "owner" | "worker",
  { nonce, by }: { readonly nonce: string; readonly by: string },
): Uint8Array {
  return hmac(new TextEncoder().encode(secret), `${who} ${nonce} ${by}`);
}
