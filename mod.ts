/**
 * Morsel: a file database served in byte-sized chunks over raw TCP.
 *
 * ```ts
 * import { connect, serve } from "./mod.ts";
 *
 * await using server = await serve({ address: { port: 0 }, dataFolder: await Deno.makeTempDir() });
 * await using client = await connect(server.address);
 * await client.put("hello.txt", "Hello, bytes!");
 * const download = await client.get("hello.txt", { start: 7 });
 * console.log(new TextDecoder().decode(await download.bytes()));
 * ```
 *
 * @module
 */

export {
  type ErrorCode,
  type ErrorRule,
  ERRORS,
  MorselError,
  type MorselErrorOptions,
} from "./lib/base/errors.ts";
export type { Download } from "./lib/client/download.ts";
export type { FileClient } from "./lib/client/file_client.ts";
export type { Reconnecting } from "./lib/client/link.ts";
export { TransferCounters, type WaitedFor } from "./lib/client/transfer_counters.ts";
export type * from "./lib/client/types.ts";
export type { Watch } from "./lib/client/watch.ts";
export type { Terms } from "./lib/protocol/handshake.ts";
export type { Limits } from "./lib/protocol/limits.ts";
export type { Address, ClientTls } from "./lib/runtime/connection.ts";
export type { ServerTlsOptions } from "./lib/runtime/server_tls.ts";
export type { LogRecord } from "./lib/server/server_log.ts";
export type { Recovery } from "./lib/store/recovery.ts";
export { connect, type ConnectOptions } from "./client.ts";
export { type RunningServer, serve, type ServeOptions } from "./server.ts";
