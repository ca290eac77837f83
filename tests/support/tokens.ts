// Tokens in memory, for servers in memory.

import type { Clock } from "../../lib/base/clock.ts";
import { toHex } from "../../lib/base/hex.ts";
import type { Principal, Right } from "../../lib/base/principal.ts";
import { scramKeys } from "../../lib/base/scram.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { TokenStore } from "../../lib/store/token_store.ts";

/** An empty store of tokens. */
export function memoryTokens(clock: Pick<Clock, "now">): TokenStore {
  return new TokenStore(openNodeSql(":memory:"), clock);
}

/** Makes a token with these rights; returns its text. */
export function makeToken(
  tokens: TokenStore,
  name: string,
  rights: readonly Right[],
  more: Partial<Principal> = {},
): Promise<string> {
  return tokens.create({ name, rights: new Set(rights), prefix: "", ...more });
}

/** The server's part of the nonce, where tests have all bytes known. */
export const FIXED_NONCE = "server-nonce-24-chars-01";
/** Rounds of the hash, as the transcript says. */
const ITERATIONS = 4096;

/**
 * Tokens with the one of authentication.txt: `camera`, which may read and list what begins with `photos/`. Its secret
 * is the bytes 00 to 1f, its salt 00 to 0f, so that each byte of an exchange is known beforehand.
 */
export async function fixedTokens(clock: Pick<Clock, "now">): Promise<TokenStore> {
  const db = openNodeSql(":memory:");
  const tokens = new TokenStore(db, clock);
  await makeToken(tokens, "camera", ["read", "list"], { prefix: "photos/", quotaFiles: 1000 });
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index);
  const salt = bytes.slice(0, 16);
  const keys = await scramKeys(toHex(bytes), { salt, iterations: ITERATIONS });
  db.prepare("UPDATE token SET salt = ?, iterations = ?, stored_key = ?, server_key = ?")
    .run(salt, ITERATIONS, keys.storedKey, keys.serverKey);
  return tokens;
}
