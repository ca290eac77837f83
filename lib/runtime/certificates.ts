// Makes certificates for those who bring none: an authority, and what it signs. The package that knows their
// encoding is loaded only then, as that takes a tenth of a second.

import { isIP } from "node:net";
import type { X509Certificate } from "@peculiar/x509";
import { toHex } from "../base/hex.ts";

/** A certificate and its private key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** When a certificate holds, in milliseconds since 1970. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What {@linkcode makeCertificate} puts into one. */
export interface CertificateOptions extends Validity {
  /** Names and addresses that it is for. */
  readonly names: readonly string[];
  /** Whether a server or a client shows it. */
  readonly shownBy: "server" | "client";
}

// What every runtime and openssl take, and short enough for an address.
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Makes an authority that signs for itself. */
export async function makeAuthority({ fromMs, untilMs }: Validity): Promise<Certificate> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } =
    await loadX509();
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const made = await X509CertificateGenerator.createSelfSigned({
    // Different for each, as a client may know several.
    name: `CN=Morsel ${serialNumber().slice(0, 8)}`,
    serialNumber: serialNumber(),
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(fromMs),
    notAfter: new Date(untilMs),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { cert: pemOf(made), key: await privatePem(keys.privateKey) };
}

/** Makes a certificate that an authority has signed. */
export async function makeCertificate(
  authority: Certificate,
  options: CertificateOptions,
): Promise<Certificate> {
  const { names, shownBy, fromMs, untilMs } = options;
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const usage = x509.ExtendedKeyUsage[shownBy === "server" ? "serverAuth" : "clientAuth"];
  const made = await x509.X509CertificateGenerator.create({
    subject: "CN=Morsel",
    issuer: new x509.X509Certificate(authority.cert).subject,
    serialNumber: serialNumber(),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(fromMs),
    notAfter: new Date(untilMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" as const : "ip" as const, value })),
      ),
    ],
  });
  return { cert: pemOf(made), key: await privatePem(keys.privateKey) };
}

/** The package that knows the encoding, behind the one that it needs to be there first, also in a bundle. */
async function loadX509() {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

/** Random, and positive in its first bit. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return toHex(bytes);
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

async function privatePem(key: CryptoKey): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  const text = btoa(String.fromCharCode(...bytes)).replaceAll(/.{1,64}/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${text}-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<CryptoKey> {
  const text = pem.replaceAll(/-----[^-]+-----|\s/g, "");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey("pkcs8", bytes, ALGORITHM, false, ["sign"]);
}
