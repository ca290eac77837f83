// TFTP with atftpd and atftp at Morsel's chunk size: in lock-step, and with a window (RFC 7440).

import { Daemon } from "../measure/daemon.ts";
import { outputOf } from "../measure/command.ts";
import { versionLine } from "./installed.ts";
import { inFolder, type Peer } from "./peer.ts";
import { freePort, onClient, onServer } from "./stage.ts";

/** atftpd and atftp. */
export const tftp: Peer = {
  name: "tftp",
  programs: [{ name: "atftpd", package: "atftpd" }, { name: "atftp", package: "atftp" }],
  async start(stage) {
    const port = freePort();
    const who = (option: string) => outputOf(["id", option], stage).then((text) => text.trim());
    const server = await Daemon.start({
      command: onServer(
        stage,
        "atftpd",
        "--daemon",
        "--no-fork",
        ...["--bind-address", stage.host, "--port", String(port)],
        ...["--user", `${await who("-un")}.${await who("-gn")}`],
        ...["--logfile", "-"],
        stage.served,
      ),
      ready: { udp: port },
      signal: stage.signal,
    });
    const client = (options: readonly string[], ...args: string[]) => {
      const given = options.flatMap((option) => ["--option", option]);
      return onClient(stage, "atftp", ...given, ...args, stage.host, String(port));
    };
    const window = ["blksize 1300", "windowsize 64"];
    return {
      name: tftp.name,
      version: await versionLine(["atftpd", "--version"], /atftp-\S+/),
      server,
      ways: {
        get: [
          {
            name: "tftp 1300, window 64",
            commands: (from, to) => [client(window, "--get", "-r", from, "-l", to)],
          },
          {
            name: "tftp 1300, lock-step",
            isPartial: true,
            commands: (from, to) => [client(["blksize 1300"], "--get", "-r", from, "-l", to)],
          },
        ],
        put: [{
          name: "tftp 1300, window 64, then sync",
          isPartial: true,
          commands: (from, to) => [
            client(window, "--put", "-l", from, "-r", `incoming/${to}`),
            onServer(stage, "sync", `${stage.incoming}/${to}`),
          ],
        }],
      },
      ...inFolder(stage),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
