// One large file where everything is encrypted, as on a network: Morsel with TLS and a token, nginx with TLS, and
// sftp, which always is.

import { formatSize } from "../../lib/cli/format.ts";
import { startMorsel } from "./morsel.ts";
import { startNginx } from "./nginx.ts";
import { sftp } from "./sftp.ts";
import { firstWaysOf, openGet, openPut } from "./transfers.ts";
import type { Bench, OpenWorkload, Workload } from "./workload.ts";

/** Down. */
export const getEncrypted: Workload = {
  id: "encrypted-get",
  title: ({ size }) => `get ${formatSize(size)} to disk, encrypted`,
  unit: "MB/s",
  goals: {},
  open: (bench) =>
    withServers(bench, (started) => openGet(started, firstWaysOf(started.peers, "get"))),
};

/** Up. */
export const putEncrypted: Workload = {
  id: "encrypted-put",
  title: ({ size }) => `put ${formatSize(size)}, encrypted, synced`,
  unit: "MB/s",
  goals: {},
  open: (bench) =>
    withServers(bench, (started) => openPut(started, firstWaysOf(started.peers, "put"))),
};

/** Opens a workload with servers of its own in the place of those that take part without encryption. */
async function withServers(
  bench: Bench,
  open: (bench: Bench) => Promise<OpenWorkload>,
): Promise<OpenWorkload> {
  const { stage, peers } = bench;
  await using servers = new AsyncDisposableStack();
  const morsel = bench.morsel && servers.use(await startMorsel(stage, { isSafe: true }));
  const nginx = bench.nginx && servers.use(await startNginx(stage, { tls: true }));
  const others = peers.filter(({ name }) => name === sftp.name);
  const started = [morsel, nginx, ...others].filter((peer) => peer !== undefined);
  // What is stored goes with its server's data folder.
  const { contenders } = await open({ ...bench, morsel, nginx, peers: started });
  const running = servers.move();
  return { contenders, close: () => running.disposeAsync() };
}
