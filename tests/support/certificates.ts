// Certificates for tests: an authority, and what it signs, now or long ago.

import "reflect-metadata"; // what comes next needs it to be there
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import {
  type Certificate,
  makeAuthority as make,
  makeCertificate as sign,
} from "../../lib/runtime/certificates.ts";

export type { Certificate };

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 24 * 60 * 60 * 1000;

/** Makes an authority. */
export function makeAuthority(): Promise<Certificate> {
  return make(days(-9, 9));
}

/** Makes a certificate of a server for names and addresses. */
export function makeCertificate(
  authority: Certificate,
  ...names: string[]
): Promise<Certificate> {
  return sign(authority, { names, shownBy: "server", ...days(-1, 9) });
}

/** Makes a certificate of a server whose last day was yesterday. */
export function makeExpired(authority: Certificate, ...names: string[]): Promise<Certificate> {
  return sign(authority, { names, shownBy: "server", ...days(-9, -1) });
}

/** Makes a certificate of a client. */
export function makeClientCertificate(authority: Certificate): Promise<Certificate> {
  return sign(authority, { names: ["client.example"], shownBy: "client", ...days(-1, 9) });
}

/** Makes an authority that may sign for others which sign. */
export async function makeRoot(): Promise<Certificate> {
  return await makeSigner(undefined, "CN=Root");
}

/** Makes an authority between a root and the certificates of servers. */
export async function makeIntermediate(root: Certificate): Promise<Certificate> {
  return await makeSigner(root, "CN=Between");
}

async function makeSigner(by: Certificate | undefined, subject: string): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const { fromMs, untilMs } = days(-1, 9);
  const made = await X509CertificateGenerator.create({
    subject,
    issuer: by ? new X509Certificate(by.cert).subject : subject,
    publicKey: keys.publicKey,
    signingKey: by ? await importKey(by.key) : keys.privateKey,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(fromMs),
    notAfter: new Date(untilMs),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: `${made.toString("pem")}\n`,
    key: `${PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
  };
}

function importKey(pem: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), ALGORITHM, false, [
    "sign",
  ]);
}

function days(from: number, until: number) {
  const now = Date.now();
  return { fromMs: now + from * DAY_MS, untilMs: now + until * DAY_MS };
}
