// nginx with curl: GET, and PUT through its WebDAV module, as Debian configures it but for the access log.

import { outputOf } from "../measure/command.ts";
import { Daemon } from "../measure/daemon.ts";
import { inFolder, isRoot, type Peer, type RunningPeer } from "./peer.ts";
import { packageVersion, versionLine } from "./installed.ts";
import { freePort, onClient, onServer, type Stage } from "./stage.ts";

/** nginx and curl. */
export const nginx: Peer = {
  name: "nginx",
  programs: [
    { name: "nginx", package: "nginx" },
    { name: "curl", package: "curl" },
    { name: "openssl", package: "openssl" },
  ],
  start: (stage) => startNginx(stage),
};

/** A running nginx. */
export interface RunningNginx extends RunningPeer {
  /** Where a served file is found. */
  urlOf(name: string): string;
}

/** How nginx is started, where it is not as Debian does it. */
export interface StartNginxOptions {
  /** How many processes serve; one for each core by default. */
  readonly workers?: number | "auto";
  /** Whether over TLS, with a certificate of its own that curl is given. */
  readonly tls?: boolean;
}

/** Starts nginx. */
export async function startNginx(
  stage: Stage,
  { workers = "auto", tls = false }: StartNginxOptions = {},
): Promise<RunningNginx> {
  const port = freePort();
  const folder = await Deno.makeTempDir({ dir: stage.folder, prefix: "nginx-" });
  if (tls) await makeCertificate(stage, folder);
  const text = configuration(stage, { port, folder, workers, tls });
  await Deno.writeTextFile(`${folder}/nginx.conf`, text);
  const server = await Daemon.start({
    command: onServer(stage, "nginx", "-p", folder, "-c", "nginx.conf", "-e", "error.log"),
    ready: { tcp: port },
    signal: stage.signal,
  });
  const urlOf = (name: string) => `http${tls ? "s" : ""}://${stage.host}:${port}/${name}`;
  const options = ["--silent", "--show-error", "--fail"];
  if (tls) options.push("--cacert", `${folder}/${CERTIFICATE}`);
  const curl = (...args: string[]) => onClient(stage, "curl", ...options, ...args);
  return {
    name: nginx.name,
    version: [
      await versionLine(["nginx", "-v"], /nginx\/\S+/),
      await versionLine(["curl", "--version"], /curl \S+/),
      await versionLine(["openssl", "version"], /OpenSSL \S+/),
      await packageVersion("wrk"),
    ].join(", "),
    server,
    urlOf,
    ways: {
      get: [
        { name: "nginx + curl", commands: (from, to) => [curl("-o", to, urlOf(from))] },
        {
          name: "nginx + curl, then openssl sha256",
          commands: (from, to) => [
            curl("-o", to, urlOf(from)),
            onClient(stage, "openssl", "dgst", "-sha256", to),
          ],
        },
      ],
      put: [{
        name: "nginx + curl -T, then sync",
        commands: (from, to) => [
          curl("-T", from, urlOf(`incoming/${to}`)),
          onServer(stage, "sync", `${stage.incoming}/${to}`),
        ],
      }],
    },
    ...inFolder(stage),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const CERTIFICATE = "certificate.pem";
const KEY = "key.pem";

async function makeCertificate(stage: Stage, folder: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const names = ["-subj", "/CN=bench", "-addext", `subjectAltName=IP:${stage.host}`];
  const files = ["-keyout", `${folder}/${KEY}`, "-out", `${folder}/${CERTIFICATE}`];
  await outputOf(["openssl", "req", "-x509", "-days", "30", ...key, ...names, ...files], stage);
}

function configuration(
  stage: Stage,
  { port, folder, workers, tls }: Required<StartNginxOptions> & { port: number; folder: string },
): string {
  const certificate = tls ? `ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${KEY};` : "";
  // What is uploaded is gathered on the file system it is then renamed within; else nginx copies it.
  return `
daemon off;
${isRoot() ? "user root;" : ""}
worker_processes ${workers};
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen ${stage.host}:${port}${tls ? " ssl" : ""};
    ${certificate}
    root ${stage.served};
    location /incoming/ { dav_methods PUT; }
  }
}
`;
}
