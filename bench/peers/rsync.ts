// rsync with its own daemon, without ssh.

import { Daemon } from "../measure/daemon.ts";
import { versionLine } from "./installed.ts";
import { inFolder, isRoot, type Peer } from "./peer.ts";
import { freePort, onClient, onServer } from "./stage.ts";

/** rsync and its daemon. */
export const rsync: Peer = {
  name: "rsync",
  programs: [{ name: "rsync", package: "rsync" }],
  async start(stage) {
    const port = freePort();
    const folder = await Deno.makeTempDir({ dir: stage.folder, prefix: "rsync-" });
    const settings = [
      "use chroot = no",
      `port = ${port}`,
      `address = ${stage.host}`,
      `log file = ${folder}/log`,
      ...(isRoot() ? ["uid = 0", "gid = 0"] : []),
      "[files]",
      `path = ${stage.served}`,
      "read only = no",
    ];
    await Deno.writeTextFile(`${folder}/rsyncd.conf`, `${settings.join("\n")}\n`);
    const configuration = `--config=${folder}/rsyncd.conf`;
    const server = await Daemon.start({
      command: onServer(stage, "rsync", "--daemon", "--no-detach", configuration),
      ready: { tcp: port },
      signal: stage.signal,
    });
    const url = (path: string) => `rsync://${stage.host}:${port}/files/${path}`;
    const client = (...args: string[]) => onClient(stage, "rsync", ...args);
    return {
      name: rsync.name,
      version: await versionLine(["rsync", "--version"], /rsync +version \S+/),
      server,
      ways: {
        get: [{ name: "rsync daemon", commands: (from, to) => [client(url(from), to)] }],
        put: [{
          name: "rsync daemon, then sync",
          commands: (from, to) => [
            client(from, url(`incoming/${to}`)),
            onServer(stage, "sync", `${stage.incoming}/${to}`),
          ],
        }],
        getFolder: [{
          name: "rsync -r, daemon",
          commands: (from, to) => [client("-r", `${url(from)}/`, to)],
        }],
        putFolder: [{
          name: "rsync -r, daemon, not synced",
          commands: (from, to) => [client("-r", `${from}/`, url(`incoming/${to}`))],
        }],
      },
      ...inFolder(stage),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
