// THE table of messages (PROTOCOL.md 4). Encoder, decoder, `--trace` output, the types in code and the
// format lines of PROTOCOL.md all derive from it.

import { type Field, type Fields, parseFields } from "./fields.ts";

/** The version of the protocol that this code speaks (PROTOCOL.md 0). */
export const PROTOCOL_VERSION = 1;
/** "MRSL", the first field of both greetings. */
export const MAGIC = 0x4d52534c;
/** What a size field says when its sender does not know the size. */
export const UNKNOWN_SIZE = Number.MAX_SAFE_INTEGER;
/** What `since` of a Watch says for: only what changes from now on. */
export const FROM_NOW = Number.MAX_SAFE_INTEGER;
/** Bytes of the header that every frame begins with: `size[4] type[1] tag[4]`. */
export const HEADER_SIZE = 9;
/** Bytes of a Data frame before its payload: the header and `offset[8]`. */
export const DATA_HEADER_SIZE = 17;

/** Name, number, sender and fields of every message; a number is never used again for another. */
export const MESSAGES = {
  Hello: message(1, "client", "magic[4] version[2] maxFrame[4] idleMs[4] stallMs[4] features[m]"),
  Welcome: message(
    2,
    "server",
    "magic[4] version[2] maxFrame[4] maxChunk[4] window[8] maxRequests[2] maxUploads[2] maxSessions[4] idleMs[4] stallMs[4] minRate[4] expiryMs[8] durability[1] bootId[16] features[m]",
  ),
  Error: message(3, "server", "code[2] retry[1] text[s] detail[m]"),
  Ping: message(4, "client", ""),
  Pong: message(5, "server", ""),
  Drain: message(6, "server", "graceMs[4]"),
  Cancel: message(7, "client", ""),
  Stat: message(8, "client", "name[s]", "File"),
  File: message(
    9,
    "server",
    "version[8] size[8] committedMs[8] modifiedMs[8] digest[32] metadata[m] name[s]",
  ),
  List: message(10, "client", "limit[2] prefix[s] after[s]", "Page"),
  Page: message(11, "server", "more[1]"),
  ReadRange: message(
    12,
    "client",
    "offset[8] length[8] chunk[4] proof[1] version[8] name[s]",
    "End",
  ),
  Data: message(13, "both", "offset[8] data[rest]"),
  End: message(14, "server", "offset[8]"),
  Begin: message(
    15,
    "client",
    "declaredSize[8] resume[1] condition[1] ifVersion[8] modifiedMs[8] metadata[m] name[s]",
    "File",
  ),
  Begun: message(16, "server", "upload[16] epoch[4] offset[8]"),
  Ack: message(17, "server", "received[8] durable[8]"),
  Commit: message(18, "client", "size[8] digest[32]"),
  Remove: message(19, "client", "condition[1] ifVersion[8] name[s]", "File"),
  Move: message(20, "client", "condition[1] ifVersion[8] from[s] to[s]", "File"),
  Copy: message(21, "client", "condition[1] ifVersion[8] from[s] to[s]", "File"),
  Leaves: message(22, "server", "index[8] hashes[rest]"),
  Proof: message(23, "server", "hashes[rest]"),
  ListUploads: message(24, "client", "", "Page"),
  Upload: message(
    25,
    "server",
    "upload[16] declaredSize[8] durable[8] begunMs[8] activeMs[8] attached[1] name[s]",
  ),
  AbortUpload: message(26, "client", "upload[16]", "End"),
  Watch: message(27, "client", "since[8] limit[2] prefix[s]", "Watched"),
  Watching: message(28, "server", "sequence[8]"),
  Removed: message(29, "server", "sequence[8] removedMs[8] name[s]"),
  Watched: message(30, "server", "sequence[8]"),
  Authenticate: message(31, "client", "mechanism[s] data[rest]"),
  Challenge: message(32, "server", "data[rest]"),
  Response: message(33, "client", "data[rest]"),
  Authenticated: message(34, "server", "data[rest]"),
  Stats: message(35, "client", "", "Figures"),
  Figures: message(36, "server", "figures[m]"),
} as const;

/** Who may send a message. */
export type Sender = "client" | "server" | "both";

/** The name of a message. */
export type MessageName = keyof typeof MESSAGES;

/** A message: its name, its tag and its fields. `MessageOf<"Stat">` is one, `Message` any of them. */
export type MessageOf<Name extends MessageName> =
  & { readonly type: Name; readonly tag: number }
  & Fields<(typeof MESSAGES)[Name]["line"]>;

/** Any message. */
export type Message = { [Name in MessageName]: MessageOf<Name> }[MessageName];

/** What the table says of one message. */
export interface MessageRule<Line extends string = string> {
  readonly number: number;
  readonly sender: Sender;
  /** The fields after the header, in notation. */
  readonly line: Line;
  readonly fields: readonly Field[];
  /** Bytes its frame takes at least, and the fields that make it larger. */
  readonly leastSize: number;
  readonly varying: readonly Field[];
  /** Of a request: the message that is its last reply, unless an Error is. */
  readonly lastReply: LastReply | undefined;
}

/** The messages that can be the last reply to a request. */
export type LastReply = "File" | "Page" | "End" | "Watched" | "Figures";
/** The messages that are requests: each is answered, in the end, by its last reply or an Error. */
export type RequestName =
  | "Stat"
  | "List"
  | "ReadRange"
  | "Begin"
  | "Remove"
  | "Move"
  | "Copy"
  | "ListUploads"
  | "AbortUpload"
  | "Watch"
  | "Stats";
/** Any request. */
export type Request = { [Name in RequestName]: MessageOf<Name> }[RequestName];

/** The values of `condition[1]` (PROTOCOL.md 2.6). */
export const CONDITIONS = ["any", "absent", "version"] as const;
/** The values of `durability[1]` (PROTOCOL.md 7.1). */
export const DURABILITIES = ["full", "relaxed"] as const;

/** The name of the message with this number, if there is one. */
export function messageNameOf(number: number): MessageName | undefined {
  return NAMES[number];
}

const NAMES: readonly (MessageName | undefined)[] = Object.entries(MESSAGES).reduce(
  (names, [name, { number }]) => {
    names[number] = name as MessageName;
    return names;
  },
  [] as (MessageName | undefined)[],
);

function message<Line extends string>(
  number: number,
  sender: Sender,
  line: Line,
  lastReply?: LastReply,
): MessageRule<Line> {
  const fields = parseFields(line);
  const leastSize = fields.reduce((sum, { size }) => sum + size, HEADER_SIZE);
  const varying = fields.filter(({ isVarying }) => isVarying);
  return { number, sender, line, fields, leastSize, varying, lastReply };
}
