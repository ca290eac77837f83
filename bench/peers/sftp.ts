// OpenSSH: sshd with keys of its own and nothing but sftp, and its client. Ciphers are its defaults.

import { Daemon } from "../measure/daemon.ts";
import { outputOf } from "../measure/command.ts";
import { versionLine } from "./installed.ts";
import { inFolder, isRoot, type Peer } from "./peer.ts";
import { freePort, onClient, onServer, type Stage } from "./stage.ts";

/** OpenSSH's sftp. */
export const sftp: Peer = {
  name: "sftp",
  programs: [
    { name: "sshd", package: "openssh-server" },
    { name: "sftp", package: "openssh-client" },
    { name: "ssh-keygen", package: "openssh-client" },
  ],
  async start(stage) {
    const port = freePort();
    const folder = await Deno.makeTempDir({ dir: stage.folder, prefix: "sshd-" });
    await configure(stage, { folder, port });
    const removePrivilegeFolder = await makePrivilegeFolder();
    const server = await Daemon.start({
      // By its full path, as it starts itself again for each connection.
      command: onServer(
        stage,
        await sshdPath(stage.signal),
        "-D",
        "-e",
        "-f",
        `${folder}/sshd_config`,
      ),
      ready: { tcp: port },
      signal: stage.signal,
    });
    const client = (...args: string[]) =>
      onClient(stage, "sftp", "-q", "-F", `${folder}/ssh_config`, "-P", String(port), ...args);
    const batch = (line: string) => {
      Deno.writeTextFileSync(`${folder}/batch`, `${line}\n`);
      return client("-b", `${folder}/batch`, stage.host);
    };
    const incoming = (name: string) => `${stage.incoming}/${name}`;
    return {
      name: sftp.name,
      version: await versionLine(["ssh", "-V"], /OpenSSH\S+/),
      server,
      ways: {
        get: [{
          name: "sftp",
          commands: (from, to) => [client(`${stage.host}:${stage.served}/${from}`, to)],
        }],
        put: [{
          name: "sftp put, then sync",
          commands: (from, to) => [
            batch(`put ${from} ${incoming(to)}`),
            onServer(stage, "sync", incoming(to)),
          ],
        }],
        getFolder: [{
          name: "sftp -r",
          commands: (from, to) => [client("-r", `${stage.host}:${stage.served}/${from}`, to)],
        }],
        putFolder: [{
          name: "sftp put -r, not synced",
          commands: (from, to) => [batch(`put -r ${from} ${incoming(to)}`)],
        }],
      },
      ...inFolder(stage),
      [Symbol.asyncDispose]: async () => {
        await server[Symbol.asyncDispose]();
        await removePrivilegeFolder();
      },
    };
  },
};

async function configure(
  stage: Stage,
  { folder, port }: { folder: string; port: number },
): Promise<void> {
  for (const key of ["host_key", "client_key"]) {
    const words = ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${key}`];
    await outputOf(["ssh-keygen", ...words], stage);
  }
  const server = [
    `ListenAddress ${stage.host}:${port}`,
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/client_key.pub`,
    "StrictModes no",
    "UsePAM no",
    "PidFile none",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "UseDNS no",
    "Subsystem sftp internal-sftp",
  ];
  const client = [
    `IdentityFile ${folder}/client_key`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${folder}/known_hosts`,
    "StrictHostKeyChecking accept-new",
    "BatchMode yes",
  ];
  await Deno.writeTextFile(`${folder}/sshd_config`, `${server.join("\n")}\n`);
  await Deno.writeTextFile(`${folder}/ssh_config`, `${client.join("\n")}\n`);
}

async function sshdPath(signal: AbortSignal): Promise<string> {
  return (await outputOf(["which", "sshd"], { signal })).trim();
}

/** The empty folder that sshd locks itself into where root runs it; systems make it at their start only. */
async function makePrivilegeFolder(): Promise<() => Promise<void>> {
  const path = "/run/sshd";
  if (!isRoot()) return () => Promise.resolve();
  try {
    await Deno.mkdir(path, { mode: 0o755 });
    return () => Deno.remove(path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return () => Promise.resolve();
    throw error;
  }
}
