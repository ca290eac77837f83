// Reads all that a server shows after a restart and holds it against the models, byte by byte.

import { eachBounded } from "../../lib/base/concurrency.ts";
import { connect, type FileClient } from "../../mod.ts";
import type { Content, Contents } from "./contents.ts";
import type { Model } from "./model.ts";
import { insistOnBytes } from "./worker.ts";

/** The names that begin with `prefix`, and what may be there. */
export interface Share {
  readonly prefix: string;
  readonly model: Model;
}

/**
 * Throws when a file is missing, half, mixed, unreadable or not wanted, or when its digest is not that of
 * its bytes. Returns how many files there were; the models know from then on what is there.
 */
export async function verify(
  address: string,
  { shares, contents, token }: {
    shares: readonly Share[];
    contents: Contents;
    token: string;
  },
): Promise<number> {
  await using client = await connect(address, { token });
  const found = new Map<string, Content>();
  for await (const { name, size, digest } of client.list()) {
    const share = shares.find(({ prefix }) => name.startsWith(prefix));
    const content = share?.model.allowed.map((files) => files.get(name)).find((content) =>
      content && content.size === size && contents.digest(content) === digest
    );
    if (!content) throw new Error(`${name} of ${size} bytes, digest ${digest}, must not be there`);
    found.set(name, content);
  }
  for (const { prefix, model } of shares) {
    model.settle(new Map([...found].filter(([name]) => name.startsWith(prefix))));
  }
  const check = ([name, content]: [string, Content]) =>
    compare(client, name, { content, contents });
  await eachBounded(found, check, { limit: 4 });
  return found.size;
}

async function compare(
  client: FileClient,
  name: string,
  { content, contents }: { content: Content; contents: Contents },
): Promise<void> {
  try {
    insistOnBytes(await (await client.get(name)).bytes(), content, contents);
  } catch (cause) {
    throw new Error(`${name} is not what it was`, { cause });
  }
}
