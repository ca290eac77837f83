// The certificates of a server that was given none: an authority of its own, made once, and a certificate that is
// made again when its time or the names of the machine ask for it. Both lie in a folder, their keys for the owner only.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { type Certificate, makeAuthority as make, makeCertificate } from "./certificates.ts";

/** What {@linkcode ownCertificates} needs. */
export interface OwnCertificatesOptions {
  /** Made if it is not there. */
  readonly folder: string;
  /** Names and addresses beside those of the machine. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** What is in the folder, all of it good. */
export interface OwnCertificates {
  /** The certificate of the authority, in PEM. */
  readonly ca: string;
  readonly server: Certificate;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Clients have the authority in the address that they were given, so it is not to be exchanged. */
const AUTHORITY_MS = 20 * 365 * DAY_MS;
const SERVER_MS = 90 * DAY_MS;
/** A certificate with less than this left is made again. */
const LEAST_LEFT_MS = SERVER_MS / 3;
/** The clock of a client may be behind. */
const EARLIER_MS = DAY_MS;

/** Reads what is in the folder and makes what is missing, or due. Throws the file system's errors. */
export async function ownCertificates(options: OwnCertificatesOptions): Promise<OwnCertificates> {
  const { folder, nowMs } = options;
  const authority = await readPair(folder, "ca") ?? await makeAuthority(folder, nowMs);
  const names = [...new Set([...machineNames(), ...options.names])];
  const present = await readPair(folder, "server");
  if (present && isGood(present, { authority, names, nowMs })) {
    return { ca: authority.cert, server: present };
  }
  const server = await makeCertificate(authority, {
    names,
    shownBy: "server",
    fromMs: nowMs - EARLIER_MS,
    untilMs: nowMs + SERVER_MS,
  });
  await writePair(folder, "server", server);
  return { ca: authority.cert, server };
}

/** An address of this machine that others can reach; its name where there is none. */
export function outsideHost(): string {
  const found = addresses().filter(({ internal, scopeid }) => !internal && !scopeid);
  const best = found.find(({ family }) => family === "IPv4") ?? found[0];
  return best?.address ?? system(hostname, "localhost");
}

async function makeAuthority(folder: string, nowMs: number): Promise<Certificate> {
  const untilMs = nowMs + AUTHORITY_MS;
  const authority = await make({ fromMs: nowMs - EARLIER_MS, untilMs });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writePair(folder, "ca", authority);
  return authority;
}

function isGood(
  { cert }: Certificate,
  { authority, names, nowMs }: {
    authority: Certificate;
    names: readonly string[];
    nowMs: number;
  },
): boolean {
  const certificate = new X509Certificate(cert);
  return certificate.verify(new X509Certificate(authority.cert).publicKey) &&
    Date.parse(certificate.validFrom) <= nowMs &&
    Date.parse(certificate.validTo) - nowMs >= LEAST_LEFT_MS &&
    names.every((name) =>
      (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
    );
}

/** A pair that belongs together; undefined where there is none, as after a crash between the two. */
async function readPair(folder: string, name: string): Promise<Certificate | undefined> {
  try {
    const cert = await readFile(`${folder}/${name}.pem`, "utf8");
    const key = await readFile(`${folder}/${name}.key`, "utf8");
    const belongs = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
    return belongs ? { cert, key } : undefined;
  } catch (thrown) {
    if ((thrown as { code?: string }).code === "ENOENT") return undefined;
    throw thrown;
  }
}

/** The key first: a certificate is there only with its key. */
async function writePair(folder: string, name: string, { cert, key }: Certificate): Promise<void> {
  for (const [path, text, mode] of [["key", key, 0o600], ["pem", cert, 0o644]] as const) {
    const target = `${folder}/${name}.${path}`;
    // One that was left there would keep its mode, and whoever has it open already.
    await rm(`${target}.new`, { force: true });
    await writeFile(`${target}.new`, text, { flag: "wx", mode, flush: true });
    await rename(`${target}.new`, target);
  }
}

/** What the machine is known by: names that a certificate can hold. */
function machineNames(): string[] {
  const own = system(hostname, "localhost");
  const names = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(own) ? [own] : [];
  const found = addresses().filter(({ scopeid }) => !scopeid).map(({ address }) => address);
  return ["localhost", "127.0.0.1", "::1", ...names, ...found];
}

function addresses() {
  return Object.values(system(networkInterfaces, {})).flatMap((found) => found ?? []);
}

/** What the system tells, where the runtime lets it. */
function system<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch {
    return otherwise;
  }
}
