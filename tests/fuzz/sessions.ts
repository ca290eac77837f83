// Frames against sessions of a whole server, and frames changed on their way between a real client and a real
// server, both ways: each side ends in time, with an error of the closed set, and harms no third.

import { concat } from "@std/bytes";
import type { Clock } from "../../lib/base/clock.ts";
import { MorselError } from "../../lib/base/errors.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { ScramClient } from "../../lib/base/scram_exchange.ts";
import { parseToken } from "../../lib/base/token.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { FrameReader } from "../../lib/protocol/frame_reader.ts";
import { HEADER_SIZE, type Message, messageNameOf, MESSAGES } from "../../lib/protocol/messages.ts";
import type { SimRandom } from "../simulation/random.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { decodeFrame } from "../support/sound_frame.ts";
import { memoryPair } from "../support/memory_connection.ts";
import { toHex } from "../../lib/base/hex.ts";
import type { Arena } from "./arena.ts";
import { type CaseResult, kindOf } from "./corpus.ts";
import {
  Ear,
  insistOnLimit,
  type LimitedName,
  LIMITS,
  type Snapshot,
  snapshotOf,
} from "./limited.ts";
import { mutatedFrame } from "./mutate.ts";
import type { Input } from "./seeds.ts";

/** How long a client watches when there is nothing to see, in milliseconds. */
const WATCH_MS = 5000;

/** Sends an input to a new session, in one write, and then leaves or falls silent; as `who`, if it is somebody. */
export async function fuzzSession(
  input: Input,
  arena: Arena,
  { random, who }: { readonly random: SimRandom; readonly who: LimitedName | undefined },
): Promise<CaseResult> {
  const connection = arena.server.open();
  const leaves = random.chance(0.8);
  const signatures: string[] = [];
  const before = await snapshotOf(arena.server.store);
  try {
    const reader = new FrameReader(connection.readable, { maxFrame: 2 ** 31 });
    const writer = connection.writable.getWriter();
    if (who) await prove(arena.tokenOf(who), { reader, writer });
    // Whether it is taken is the server's affair. Who is known has greeted already.
    const bytes = concat(who ? behindGreeting(input) : input);
    const sent = writer.write(bytes).then(() => leaves ? writer.close() : undefined);
    sent.catch(() => {});
    const ear = who && new Ear(LIMITS[who]);
    const heard = listen(reader, {
      signatures,
      claims: claimsOf(bytes),
      state: who ?? "start",
      ear,
    });
    await arena.within("a session", arena.server.ended());
    await arena.within("what it said", heard);
    await insistOnRights(arena, who, before);
    return { signatures };
  } catch (error) {
    return { signatures, problem: textOf(error) };
  } finally {
    connection.close();
  }
}

/** What comes before a session is known. */
const GREETINGS: ReadonlySet<number | undefined> = new Set(
  [MESSAGES.Hello, MESSAGES.Authenticate, MESSAGES.Response].map(({ number }) => number),
);

function behindGreeting(input: Input): Input {
  const start = input.findIndex((frame) => !GREETINGS.has(frame[4]));
  return start < 0 ? [] : input.slice(start);
}

/** Greets and proves a token, outside the time of the arena, as that takes real time. */
async function prove(
  token: string,
  { reader, writer }: {
    readonly reader: FrameReader;
    readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  },
): Promise<void> {
  const scram = new ScramClient(parseToken(token), "n");
  const { mechanism } = scram;
  const first = { type: "Authenticate", tag: 0, mechanism, data: scram.first() } as const;
  await writer.write(concat([encode(hello()), encode(first)]));
  for (;;) {
    const message = reader.take();
    if (message?.type === "Authenticated") return scram.verify(message.data);
    if (message?.type === "Challenge") {
      const data = await scram.final(message.data);
      await writer.write(encode({ type: "Response", tag: 0, data }));
    } else if (!message && !await reader.fill()) throw new Error("A right token was refused");
  }
}

/** Whoever is nobody where tokens are asked for changes nothing. */
async function insistOnRights(
  arena: Arena,
  who: LimitedName | undefined,
  before: Snapshot,
): Promise<void> {
  if (!arena.asks) return;
  const limit = who ? LIMITS[who] : { rights: new Set<never>(), prefix: "" };
  insistOnLimit(limit, before, await snapshotOf(arena.server.store));
}

/** A client at work over a link that changes a frame now and then, with the token of `who`, if it is somebody. */
export async function fuzzLink(
  arena: Arena,
  { random, who }: { readonly random: SimRandom; readonly who: LimitedName | undefined },
): Promise<CaseResult> {
  const signatures: string[] = [];
  const before = await snapshotOf(arena.server.store);
  const far = arena.server.open();
  const [near, link] = memoryPair();
  const rate = random.pick([0.02, 0.1, 0.4]);
  // A proof takes real time, in which the clock must not run away: it is over before anything goes wrong.
  let isQuiet = who !== undefined;
  const change = (frame: Uint8Array) => {
    if (isQuiet || !random.chance(rate)) return [frame];
    const kept = random.weighed({ mutated: 6, dropped: 1, repeated: 1 });
    signatures.push(`${kept} ${messageNameOf(frame[4] ?? 0)}`);
    if (kept === "dropped") return [];
    return kept === "repeated" ? [frame, frame] : [mutatedFrame(frame, random)];
  };
  const there = relay(link.readable, far.writable, change);
  const back = relay(far.readable, link.writable, change);
  try {
    const { clock } = arena;
    const known = who && await FileClient.open(near, { clock, token: arena.tokenOf(who) });
    isQuiet = false;
    const opening = known ? Promise.resolve(known) : FileClient.open(near, { clock });
    await arena.within("a client", work(opening, arena, random, signatures));
    near.close();
    await arena.within("a session", arena.server.ended());
    await arena.within("the link", Promise.all([there, back]));
    await insistOnRights(arena, who, before);
    return { signatures };
  } catch (error) {
    return { signatures, problem: `${textOf(error)}\nafter: ${signatures.join(", ")}` };
  } finally {
    for (const connection of [near, link, far]) connection.close();
  }
}

/** By tags that stand for uploads only: the digests that their client says they have. */
type Claims = ReadonlyMap<number, ReadonlySet<string>>;

function claimsOf(bytes: Uint8Array): Claims {
  const claims = new Map<number, Set<string>>();
  const others = new Set<number>();
  let rest = bytes;
  for (let size = sizeOf(rest); size >= HEADER_SIZE; size = sizeOf(rest)) {
    try {
      const message = decodeFrame(rest.slice(0, size));
      rest = rest.subarray(size);
      const { type, tag } = message;
      if (type === "Commit") {
        claims.set(tag, (claims.get(tag) ?? new Set()).add(toHex(message.digest)));
      } else if (type !== "Begin" && type !== "Data" && type !== "Cancel") others.add(tag);
    } catch {
      break; // the server does not read on either
    }
  }
  for (const tag of others) claims.delete(tag);
  return claims;
}

/** All that a server says is sound, is a server's to say, and becomes a signature. */
async function listen(
  reader: FrameReader,
  { signatures, claims, ear, ...from }: {
    signatures: string[];
    claims: Claims;
    state: string;
    ear: Ear | undefined;
  },
): Promise<void> {
  let { state } = from;
  for (;;) {
    const message = reader.take();
    if (!message) {
      if (!await reader.fill().catch(() => false)) return void signatures.push(`${state} end`);
      continue;
    }
    if (message.type === "Unknown") throw new Error(`The server sent message ${message.number}`);
    if (MESSAGES[message.type].sender === "client") {
      throw new Error(`The server sent ${message.type}`);
    }
    if (message.type === "File" && claims.get(message.tag)?.has(toHex(message.digest)) === false) {
      throw new Error(`${message.name} was committed with a digest that its client did not say`);
    }
    ear?.hear(message);
    const what = describe(message);
    signatures.push(`${state} > ${what}`);
    state = what;
  }
}

function describe(message: Message): string {
  if (message.type !== "Error") return message.type;
  return `Error ${message.code} ${message.tag === 0 ? "last" : "one"} ${kindOf(message.text)}`;
}

/** Calls of all kinds side by side. Each ends, in whatever way, but never with a fault. */
async function work(
  opening: Promise<FileClient>,
  arena: Arena,
  random: SimRandom,
  signatures: string[],
): Promise<void> {
  let client: FileClient;
  try {
    client = await opening;
  } catch (error) {
    return void signatures.push(`open ${codeOf(error)}`);
  }
  const kinds = Object.keys(CALLS) as (keyof typeof CALLS)[];
  const calls = Array.from({ length: random.whole(1, 5) }, async () => {
    const kind = random.pick(kinds);
    try {
      await CALLS[kind](client, random, arena.clock);
      signatures.push(`${kind} done`);
    } catch (error) {
      signatures.push(`${kind} ${codeOf(error)}`);
    }
  });
  try {
    await Promise.all(calls);
  } finally {
    await client.close();
  }
}

const CALLS = {
  put: async (client: FileClient, random: SimRandom) => {
    const content = contentOf(random.pick([0, 10, 5000, 150_000]), random.whole(0, 100));
    await client.put(nameOf(random), content, { chunkSize: 1300 });
  },
  stream: async (client: FileClient, random: SimRandom) => {
    await client.put(nameOf(random), new Blob([contentOf(random.pick([10, 100_000]))]).stream());
  },
  get: async (client: FileClient, random: SimRandom) => {
    const download = await client.get(nameOf(random));
    const bytes = await download.bytes();
    // A fault of the test's own kind: what was changed on the way is never given out.
    if (toHex(digestOf(bytes)) !== download.file.digest) {
      throw new TypeError("get gave other bytes");
    }
  },
  list: async (client: FileClient) => {
    for await (const _ of client.list({ pageSize: 2 }));
  },
  stat: (client: FileClient, random: SimRandom) => client.stat(nameOf(random)),
  move: (client: FileClient, random: SimRandom) => client.move(nameOf(random), nameOf(random)),
  remove: (client: FileClient, random: SimRandom) => client.remove(nameOf(random)),
  verify: (client: FileClient, random: SimRandom) => client.verify(nameOf(random)),
  uploads: (client: FileClient) => client.uploads(),
  watch: async (client: FileClient, _: SimRandom, clock: Clock) => {
    const stop = new AbortController();
    // There may be no change for it to tell of, and then it waits as it should.
    const enough = new MorselError("cancelled", "The watch has lasted long enough");
    const stopTimer = clock.timer(WATCH_MS, () => stop.abort(enough));
    try {
      await using watch = await client.watch({ since: 0, signal: stop.signal });
      for await (const _ of watch) break;
    } finally {
      stopTimer();
    }
  },
};

function nameOf(random: SimRandom): string {
  return random.pick(["a", "b", "c/d"]);
}

/** Passes frames on, each through `change`; what is no frame goes as it is. */
async function relay(
  from: ReadableStream<Uint8Array>,
  to: WritableStream<Uint8Array>,
  change: (frame: Uint8Array) => Uint8Array[],
): Promise<void> {
  const writer = to.getWriter();
  let rest: Uint8Array = new Uint8Array(0);
  try {
    for await (const bytes of from) {
      rest = concat([rest, bytes]);
      const frames: Uint8Array[] = [];
      for (let size = sizeOf(rest); size > 0; size = sizeOf(rest)) {
        frames.push(...change(rest.slice(0, size)));
        rest = rest.subarray(size);
      }
      if (frames.length > 0) await writer.write(concat(frames));
    }
    await writer.close();
  } catch {
    // Either side has gone; the other learns of it by the end of the connection.
    await writer.close().catch(() => {});
  }
}

function sizeOf(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return size <= bytes.length ? size : 0;
}

function codeOf(error: unknown): string {
  if (error instanceof MorselError) return error.code;
  throw error;
}

function textOf(error: unknown): string {
  return String(error instanceof Error ? error.stack : error);
}
