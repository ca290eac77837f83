// Tokens that may not do everything, and what holds whatever they send: nothing outside their prefix is seen or
// changed, and nothing is done that they have no right to.

import { startsWith } from "@std/bytes";
import { toHex } from "../../lib/base/hex.ts";
import { checkName } from "../../lib/base/names.ts";
import { may, mayDoAll, type Right, RIGHTS } from "../../lib/base/principal.ts";
import type { Message, MessageName } from "../../lib/protocol/messages.ts";
import type { FileStore } from "../../lib/store/file_store.ts";

/** What a token is limited to. */
export interface Limit {
  readonly rights: ReadonlySet<Right>;
  readonly prefix: string;
}

/** The tokens of an arena that asks for them, by their names. Some names of the transcripts begin with "a". */
export const LIMITS = {
  prefixed: limit(RIGHTS, "a"),
  reader: limit(["read", "list"], ""),
  "prefixed-reader": limit(["read", "list"], "a"),
  appender: limit(["create"], "a"),
} satisfies Record<string, Limit>;

/** One of these tokens. */
export type LimitedName = keyof typeof LIMITS;

/** All of them. */
export const LIMITED_NAMES = Object.keys(LIMITS) as LimitedName[];

/** The name of a file that no client is told of; it stands in no transcript. */
export const UNSEEN = "kept-from-all/7f3a9c";
/** Files that are there at first, as the owner put them: with their sizes. */
export const PLACED: Readonly<Record<string, number>> = {
  "a": 5000,
  "a.txt": 40,
  "alphabet.txt": 150_000,
  "b": 200_000,
  "b.txt": 40,
  "docs/a": 5000,
  "taken": 300,
  [UNSEEN]: 300,
};

/** What the files outside the prefix "a" are full of, and nothing else is. */
const SECRET = "5ec2e7f00dc0ffee";
const SECRET_BYTES = 8;

/** The content of a file that is there at first. */
export function placedContent(name: string): Uint8Array {
  const secret = Uint8Array.from(SECRET.match(/../g)!, (byte) => parseInt(byte, 16));
  const isOutside = !isInside(name, "a");
  return Uint8Array.from(
    { length: PLACED[name]! },
    (_, index) => isOutside ? secret[index % SECRET_BYTES]! : index % 251,
  );
}

/** The rights of which one is needed to be sent a message. */
const NEEDED: Readonly<Partial<Record<MessageName, readonly Right[]>>> = {
  Data: ["read"],
  Proof: ["read"],
  End: ["read", "write"],
  Page: ["list"],
  Upload: ["list"],
  Watching: ["list"],
  Watched: ["list"],
  Removed: ["list"],
  Begun: ["create"],
  Ack: ["create"],
  Leaves: ["create"],
};

/** Listens to all that one session is told; `hear` throws at what its token must not know. */
export class Ear {
  readonly #limit: Limit;
  /** The end of what came for each tag: a secret may come a byte at a time. */
  readonly #ends = new Map<number, string>();

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  /** Takes a message in. */
  hear(message: Message): void {
    const { prefix } = this.#limit;
    const needed = NEEDED[message.type];
    if (needed && !needed.some((right) => may(this.#limit, right))) {
      throw new Error(`${message.type} was sent to who has no right to it`);
    }
    if ("name" in message && !isInside(message.name, prefix)) {
      throw new Error(`${message.type} tells of ${message.name}, which is outside`);
    }
    if (message.type === "Error" && JSON.stringify(message).includes(UNSEEN)) {
      throw new Error(`An Error tells of what nobody has asked for: ${message.text}`);
    }
    if (message.type === "Data" && prefix !== "") this.#insistOnNoSecret(message);
    if (message.type !== "Figures" || mayDoAll(this.#limit)) return;
    const others = Object.keys(message.figures).filter((key) => !key.startsWith("own"));
    if (others.length > 0) throw new Error(`Figures tell ${others} to who may not know`);
  }

  #insistOnNoSecret({ tag, data }: { tag: number; data: Uint8Array }): void {
    const heard = (this.#ends.get(tag) ?? "") + toHex(data);
    if (heard.includes(SECRET)) throw new Error("Data has what is in a file outside");
    this.#ends.set(tag, heard.slice(-2 * SECRET_BYTES));
  }
}

/** What there is in a store, so that two moments can be compared: files, and uploads that are not finished. */
export type Snapshot = ReadonlyMap<string, { readonly name: string; readonly is: string }>;

/** What there is now. */
export async function snapshotOf(store: FileStore): Promise<Snapshot> {
  const files = await store.list({ prefix: "", after: "", limit: 10_000 });
  const uploads = await Array.fromAsync(store.uploads());
  return new Map([
    ...files.map(({ name, version, size, digest, metadata }) => {
      const is = [name, version, size, toHex(digest), JSON.stringify(metadata)].join(" ");
      return [toHex(checkName(name).key), { name, is }] as const;
    }),
    ...uploads.map(({ id, name, durable }) => [id, { name, is: `${name} ${durable}` }] as const),
  ]);
}

/** Throws unless all that has changed is what this token may change. */
export function insistOnLimit(limit: Limit, before: Snapshot, after: Snapshot): void {
  for (const [key, { name, is }] of before) {
    const now = after.get(key)?.is;
    const isAllowed = isInside(name, limit.prefix) && (may(limit, "write") || may(limit, "delete"));
    if (now !== is && !isAllowed) throw new Error(`${is} has become ${now ?? "nothing"}`);
  }
  for (const [key, { name, is }] of after) {
    const isAllowed = isInside(name, limit.prefix) && may(limit, "create");
    if (!before.has(key) && !isAllowed) throw new Error(`${is} was put by who may not`);
  }
}

function isInside(name: string, prefix: string): boolean {
  return startsWith(checkName(name).key, new TextEncoder().encode(prefix));
}

function limit(rights: readonly Right[], prefix: string): Limit {
  return { rights: new Set(rights), prefix };
}
