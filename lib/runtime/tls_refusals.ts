// What is wrong between two ends of TLS, in words for people: the runtimes name the same failures differently, and in
// TLS 1.3 a client learns only after its handshake that it is not let in.

import { MorselError } from "../base/errors.ts";
import type { Address } from "./connection.ts";

/** Why a handshake failed, and what to do; undefined where it is no matter of TLS. */
export function refusal(
  { host, port }: Address,
  cause: Error & { code?: string },
): MorselError | undefined {
  const [, code, reason] =
    REASONS.find(([pattern]) => pattern.test(`${cause.code} ${cause.message}`)) ?? [];
  if (reason === undefined) return undefined;
  return new MorselError(code!, `Cannot connect to ${host}:${port}: ${reason}`, {
    detail: { channel: "tls" },
    cause,
  });
}

/** In TLS 1.3 a client whose certificate is refused learns of it only after its handshake, or is just left. */
export function afterHandshake(
  { host, port }: Address,
  cause: Error | undefined,
): Error | undefined {
  const start = `Cannot connect to ${host}:${port}: The server`;
  if (cause === undefined || (cause as { code?: string }).code === "ECONNRESET") {
    const message =
      `${start} closes the connection at once, as one does that wants a certificate ` +
      "of its clients; give one that it knows with --tls-cert and --tls-key";
    return new MorselError("connection", message, { cause });
  }
  const text = `${(cause as { code?: string }).code} ${cause.message}`;
  const reason = /CERTIFICATE_REQUIRED|certificate required|CertificateRequired/i.test(text)
    ? "wants a certificate of the client; give one with --tls-cert and --tls-key"
    : /ALERT|BadCertificate|UnknownCA|AlertReceived/i.test(text)
    ? "refuses this client's certificate; give one that it knows with --tls-cert and --tls-key"
    : undefined;
  if (reason === undefined) return cause;
  const detail = { channel: "tls" };
  return new MorselError("authentication", `${start} ${reason}`, { detail, cause });
}

/** The runtimes name the same failures differently. */
const REASONS: readonly [RegExp, "authentication" | "connection", string][] = [
  [
    /ALTNAME|NotValidForName/i,
    "authentication",
    "Its certificate is for another name; use a name or address that the server's certificate has, " +
    "or add this one with --tls-name there",
  ],
  [
    /CERT_HAS_EXPIRED|Expired/i,
    "authentication",
    "Its certificate has expired; renew it on the server, and see that both clocks are right",
  ],
  [
    /NOT_YET_VALID|NotValidYet/i,
    "authentication",
    "Its certificate is not valid yet; see that both clocks are right",
  ],
  [
    /UNABLE_TO_|SELF_SIGNED|UnknownIssuer|CERT_SIGNATURE_FAILURE|BadSignature|CaUsedAsEndEntity/i,
    "authentication",
    // Deno does not tell one from the other.
    "Its certificate is of an authority that is not trusted here, or has expired; copy the morsels:// " +
    "line that the server prints or name the authority with --tls-ca, and if that is right already, " +
    "renew the certificate on the server and see that both clocks are right",
  ],
  [
    /NO_ALPN|NO_APPLICATION_PROTOCOL|NoApplicationProtocol/i,
    "connection",
    "What answers there speaks TLS but not Morsel; check the address and the port",
  ],
  [
    /WRONG_VERSION|InvalidContentType|ECONNRESET|EPROTO|PACKET_LENGTH|disconnected|end of file|InvalidMessage|SSL/i,
    "connection",
    "What answers there does not speak TLS 1.3, and nothing is sent to it in plain; check the " +
    "address and the port",
  ],
];
