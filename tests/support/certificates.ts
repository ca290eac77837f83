// Certificates for tests: an authority, and what it signs, now or long ago.

import {
  type Certificate,
  makeAuthority as make,
  makeCertificate as sign,
} from "../../lib/runtime/certificates.ts";

export type { Certificate };

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

function days(from: number, until: number) {
  const now = Date.now();
  return { fromMs: now + from * DAY_MS, untilMs: now + until * DAY_MS };
}
