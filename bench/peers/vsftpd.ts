// vsftpd with curl: anonymous users may read and write, without log-in and encryption.

import { Daemon } from "../measure/daemon.ts";
import { packageVersion } from "./installed.ts";
import { inFolder, type Peer } from "./peer.ts";
import { freePort, onClient, onServer } from "./stage.ts";

/** vsftpd and curl. */
export const vsftpd: Peer = {
  name: "vsftpd",
  programs: [{ name: "vsftpd", package: "vsftpd" }, { name: "curl", package: "curl" }],
  async start(stage) {
    const port = freePort();
    const folder = await Deno.makeTempDir({ dir: stage.folder, prefix: "vsftpd-" });
    await Deno.mkdir(`${folder}/empty`);
    const settings = {
      listen: "YES",
      listen_address: stage.host,
      listen_port: port,
      background: "NO",
      anonymous_enable: "YES",
      no_anon_password: "YES",
      anon_root: stage.served,
      anon_upload_enable: "YES",
      anon_world_readable_only: "NO",
      write_enable: "YES",
      run_as_launching_user: "YES",
      seccomp_sandbox: "NO",
      secure_chroot_dir: `${folder}/empty`,
      vsftpd_log_file: `${folder}/log`,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await Deno.writeTextFile(`${folder}/vsftpd.conf`, lines.join(""));
    const server = await Daemon.start({
      command: onServer(stage, "vsftpd", `${folder}/vsftpd.conf`),
      ready: { tcp: port },
      signal: stage.signal,
    });
    const url = (name: string) => `ftp://${stage.host}:${port}/${name}`;
    const curl = (...args: string[]) =>
      onClient(stage, "curl", "--silent", "--show-error", ...args);
    return {
      name: vsftpd.name,
      version: await packageVersion("vsftpd"),
      server,
      ways: {
        get: [{ name: "vsftpd + curl", commands: (from, to) => [curl("-o", to, url(from))] }],
        put: [{
          name: "vsftpd + curl -T, then sync",
          commands: (from, to) => [
            curl("-T", from, url(`incoming/${to}`)),
            onServer(stage, "sync", `${stage.incoming}/${to}`),
          ],
        }],
      },
      ...inFolder(stage),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
