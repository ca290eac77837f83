// Which runtime this is: the one place that asks. An adapter is loaded when it is first wanted, so that no
// runtime loads what another one needs, and no program what it does not use.

import type { Clock } from "../base/clock.ts";
import type { Child, ChildOptions } from "./child.ts";
import type { ListenOptions, Network, TlsNetwork } from "./connection.ts";
import type { LocalFiles, MeasuredFiles } from "./files.ts";
import type { HostProcess } from "./process.ts";

const IS_DENO = "Deno" in globalThis;

/** The network of this runtime; where a listener is to share its port, that is to be said here too. */
export async function runtimeNetwork({ sharesPort = false }: ListenOptions = {}): Promise<Network> {
  // Deno's own listener ends the program where neither deno.json nor --unstable-net allows sharing.
  if (IS_DENO && (!sharesPort || "listenDatagram" in Deno)) {
    return (await import("./deno_network.ts")).denoNetwork;
  }
  // Bun's own sockets took a tenth less time a byte than its node:net, which is not worth an adapter.
  return (await import("./node_network.ts")).nodeNetwork;
}

/** TLS of this runtime. */
export async function runtimeTls(): Promise<TlsNetwork> {
  if (IS_DENO) return (await import("./deno_tls.ts")).denoTls;
  return (await import("./node_tls.ts")).nodeTls;
}

/** The process this program runs in, with the file system that it is to use. */
export async function runtimeProcess(options: { files: LocalFiles }): Promise<HostProcess> {
  if (IS_DENO) return (await import("./deno_process.ts")).denoProcess(options);
  return (await import("./node_process.ts")).nodeProcess(options);
}

/** Starts a program of Morsel again, as a process beside this one. Throws where that is not allowed. */
export async function runtimeChild(options: ChildOptions): Promise<Child> {
  if (IS_DENO) return (await import("./deno_child.ts")).startDenoChild(options);
  return (await import("./node_child.ts")).startNodeChild(options);
}

/** The file system for large files. */
export async function runtimeFiles(): Promise<MeasuredFiles> {
  if (IS_DENO) return (await import("./deno_files.ts")).denoFiles;
  return (await import("./node_files.ts")).nodeFiles;
}

/** The file system for programs with many small files. The clock tells which calls are quick. */
export async function runtimeLocalFiles(clock: Pick<Clock, "monotonicMs">): Promise<LocalFiles> {
  const { localFiles } = await import("./local_files.ts");
  const files = await runtimeFiles();
  const small = IS_DENO
    ? (await import("./deno_small_files.ts")).denoSmallFiles
    : (await import("./node_small_files.ts")).nodeSmallFiles;
  return localFiles(clock, { files, small });
}
