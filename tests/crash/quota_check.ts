// A token with a quota in a crash run: after each restart what it has is counted anew, is within its quota, and all
// that is left of the quota can be had, so that nothing stays reserved for what a crash has ended.

import { connect, MorselError } from "../../mod.ts";
import { EVERYBODY } from "../../lib/base/principal.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { openNodeSql } from "../../lib/runtime/node_sql.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { TokenStore } from "../../lib/store/token_store.ts";
import type { Contents } from "./contents.ts";

/** Some of what its workers put fits, and some does not. */
const QUOTA_BYTES = 4 * 1024 * 1024;
const QUOTA_FILES = 10;
const LIMITED = "limited";
const PROBE = "probe";

/** The tokens of a run. */
export interface CrashTokens {
  /** With a quota. */
  readonly limited: string;
  readonly unlimited: string;
}

/** Makes the tokens in a data folder that need not be there. */
export async function makeTokens(dataFolder: string): Promise<CrashTokens> {
  const parts = { files: nodeFiles, openSql: openNodeSql, clock: systemClock };
  using tokens = await TokenStore.open(dataFolder, parts);
  const quota = { quotaBytes: QUOTA_BYTES, quotaFiles: QUOTA_FILES };
  return {
    limited: await tokens.create({ ...EVERYBODY, ...quota, name: LIMITED }),
    unlimited: await tokens.create({ ...EVERYBODY, name: "unlimited" }),
  };
}

/** Throws when a count is wrong, beyond the quota, or when less or more than the rest of it can be had. */
export async function checkQuota(
  address: string,
  { dataFolder, tokens, contents }: {
    dataFolder: string;
    tokens: CrashTokens;
    contents: Contents;
  },
): Promise<void> {
  await using client = await connect(address, { token: tokens.limited });
  for (const { id } of await client.uploads()) await client.abortUpload(id);
  const { files, bytes } = countedUsage(dataFolder);
  if (files > QUOTA_FILES || bytes > QUOTA_BYTES) {
    throw new Error(`${files} files of ${bytes} bytes are over the quota`);
  }
  if (files === QUOTA_FILES) return;
  const put = (size: number) => client.put(PROBE, contents.bytes({ seed: 1, size }));
  const free = QUOTA_BYTES - bytes;
  const refusal = await put(free + 1).then(() => undefined, (thrown) => thrown);
  if (!(refusal instanceof MorselError && refusal.code === "quota")) {
    throw new Error(`One byte more than the ${free} that are free was not refused`, {
      cause: refusal,
    });
  }
  await put(free);
  await client.remove(PROBE);
}

/** What the limited token has, by the counters, which must be what its files are. */
function countedUsage(dataFolder: string): { files: number; bytes: number } {
  const db = openNodeSql(`${dataFolder}/catalog.db`);
  try {
    const counted = db.prepare(
      "SELECT owner, files, bytes FROM usage WHERE files > 0 ORDER BY owner",
    ).all();
    const anew = db.prepare(
      `SELECT f.owner AS owner, COUNT(*) AS files, SUM(c.size) AS bytes
       FROM file f JOIN content c ON c.id = f.content GROUP BY f.owner ORDER BY f.owner`,
    ).all();
    const [one, other] = [JSON.stringify(counted), JSON.stringify(anew)];
    if (one !== other) throw new Error(`Usage is counted as ${one}, and the files are ${other}`);
    const own = counted.find(({ owner }) => owner === LIMITED);
    return { files: Number(own?.files ?? 0), bytes: Number(own?.bytes ?? 0) };
  } finally {
    db.close();
  }
}
