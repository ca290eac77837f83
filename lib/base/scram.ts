// The keys and signatures of SCRAM-SHA-256 (RFC 5802 and 7677): what is computed. What is said with them is in
// scram_exchange.ts.

import { nodeCrypto } from "./node_crypto.ts";

/** What a server keeps of a secret: enough to check it, not enough to prove it. */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Rounds of the hash. The least that RFC 7677 allows: the secrets are random, so that nobody can guess them. */
export const SCRAM_ITERATIONS = 4096;
/** Bytes of each key and signature. */
export const SCRAM_KEY_SIZE = 32;

/** What a client derives from its secret: the key it proves with, and what the server keeps. */
export async function scramKeys(
  secret: string,
  { salt, iterations }: Pick<ScramKeys, "salt" | "iterations">,
): Promise<ScramKeys & { readonly clientKey: Uint8Array }> {
  const salted = await new Promise<Uint8Array>((resolve, reject) => {
    nodeCrypto().pbkdf2(secret, salt, iterations, SCRAM_KEY_SIZE, "sha256", (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
  const clientKey = hmac(salted, "Client Key");
  const serverKey = hmac(salted, "Server Key");
  return { salt, iterations, clientKey, storedKey: sha256(clientKey), serverKey };
}

/** The proof that a client knows its secret, for this exchange only. */
export function clientProof(
  { clientKey, storedKey }: { clientKey: Uint8Array; storedKey: Uint8Array },
  authMessage: string,
): Uint8Array {
  return xor(clientKey, hmac(storedKey, authMessage));
}

/** Whether a client's proof is right. It takes as long when it is not. */
export function isProof(storedKey: Uint8Array, authMessage: string, proof: Uint8Array): boolean {
  if (proof.length !== SCRAM_KEY_SIZE) return false;
  return nodeCrypto().timingSafeEqual(sha256(xor(proof, hmac(storedKey, authMessage))), storedKey);
}

/** The proof that a server knows the keys, for this exchange only. */
export function serverSignature(serverKey: Uint8Array, authMessage: string): Uint8Array {
  return hmac(serverKey, authMessage);
}

/** Whether two signatures are the same, in a time that does not tell where they differ. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && nodeCrypto().timingSafeEqual(a, b);
}

/** HMAC-SHA-256. */
export function hmac(key: Uint8Array, text: string): Uint8Array {
  return new Uint8Array(nodeCrypto().createHmac("sha256", key).update(text).digest());
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(nodeCrypto().createHash("sha256").update(bytes).digest());
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ b[index]!);
}
