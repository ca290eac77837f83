// Tokens in memory, for servers in memory.

import type { Clock } from "../../lib/base/clock.ts";
import type { Principal, Right } from "../../lib/base/principal.ts";
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
