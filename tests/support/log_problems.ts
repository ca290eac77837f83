// Whether the log of a catalog tells what is there: it has no gap, and who follows it has the same files.

import { toHex } from "../../lib/base/hex.ts";
import { checkName, checkPrefix } from "../../lib/base/names.ts";
import type { Catalog, Change, FileRecord } from "../../lib/store/catalog.ts";

/** What is wrong with a log that has been kept from its first change on, a sentence each. */
export async function logProblems(catalog: Catalog): Promise<string[]> {
  const problems: string[] = [];
  const followed = new Map<string, FileRecord>();
  let sequence = 0;
  for (const change of await wholeLog(catalog)) {
    if (change.sequence !== ++sequence) {
      problems.push(`Change ${change.sequence} is number ${sequence}`);
    }
    const key = toHex(checkName(change.kind === "put" ? change.file.name : change.name).key);
    if (change.kind === "put") {
      if (change.file.version !== sequence) {
        problems.push(`Change ${sequence} put version ${change.file.version}`);
      }
      followed.set(key, change.file);
    } else if (!followed.delete(key)) {
      problems.push(`Change ${sequence} removed ${change.name}, which was not there`);
    }
  }
  if (await catalog.log.last() !== sequence) problems.push(`The log ends at ${sequence}`);
  const there = await catalog.list(checkPrefix(""), checkPrefix(""), 10_000);
  const shown = (files: FileRecord[]) =>
    files.map((file) => JSON.stringify({ ...file, digest: toHex(file.digest) })).sort().join("\n");
  if (shown(there) !== shown([...followed.values()])) {
    problems.push(
      `There is\n${shown(there)}\nwhere the log tells of\n${shown([...followed.values()])}`,
    );
  }
  return problems;
}

/** All changes of a log that has been kept from its first change on. */
export async function wholeLog(catalog: Catalog): Promise<Change[]> {
  const log: Change[] = [];
  let since = 0;
  for (let more = true; more;) {
    const page = await catalog.log.page(since, { prefix: checkPrefix(""), limit: 1000 });
    log.push(...page.changes);
    ({ through: since, more } = page);
  }
  return log;
}
