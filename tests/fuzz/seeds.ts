// What the fuzzing begins with: every vector, and what the client says in every transcript.

import { fromHex } from "../../lib/base/hex.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { hello } from "../../lib/protocol/handshake.ts";
import { parseMessage } from "../support/parse_notation.ts";
import { conversations, turnsOf } from "../support/transcript.ts";

/** Frames in the order in which they are sent; right or wrong. Never changed in place. */
export type Input = readonly Uint8Array[];

/** Longer ones say nothing that shorter ones do not, and cost the time of hundreds. */
const LONGEST = 20_000;

/** Sound and broken frames, alone. */
export async function frameSeeds(): Promise<Input[]> {
  const files = ["messages.json", "broken.json"];
  const vectors = await Promise.all(files.map((file) => read(`../vectors/${file}`)));
  return vectors.flatMap((text) => JSON.parse(text) as { hex: string }[])
    .map(({ hex }) => [fromHex(hex)])
    .filter(isShort);
}

/** What clients say, greetings first. */
export async function conversationSeeds(): Promise<Input[]> {
  const folder = new URL("../transcripts/", import.meta.url);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".txt")
  ).sort();
  const texts = await Promise.all(files.map((file) => read(`../transcripts/${file}`)));
  const conversed = texts.flatMap(conversations).map(framesOfClient).filter(isShort);
  return [...conversed, ...requestsBeyondLimits()];
}

/** Every request, on names that limited tokens have and on names that they do not (limited.ts). */
function requestsBeyondLimits(): Input[] {
  const [inside, outside] = ["a", "b"];
  const put = "declaredSize 1 resume 0 condition 0 ifVersion 0 modifiedMs 0 metadata {}";
  const lines = [inside, outside].flatMap((name) => [
    `Stat tag 1 name "${name}"`,
    `ReadRange tag 1 offset 0 length 200000 chunk 1300 proof 0 version 0 name "${name}"`,
    `Begin tag 1 ${put} name "${name}"`,
    `Begin tag 1 ${put.replace("resume 0", "resume 1")} name "${name}"`,
    `Remove tag 1 condition 0 ifVersion 0 name "${name}"`,
    `List tag 1 limit 100 prefix "${name}" after ""`,
    `Watch tag 1 since 0 limit 100 prefix "${name}"`,
    ...[inside, outside, "new"].flatMap((to) =>
      ["Move", "Copy"].map((type) =>
        `${type} tag 1 condition 0 ifVersion 0 from "${name}" to "${to}"`
      )
    ),
  ]);
  const all = [
    ...lines,
    `List tag 1 limit 100 prefix "" after ""`,
    `Watch tag 1 since 0 limit 100 prefix ""`,
    "ListUploads tag 1",
    "Stats tag 1",
  ];
  const greeting = encode(hello());
  return all.map((line) => [greeting, encode(parseMessage(line))]);
}

function framesOfClient(conversation: string): Input {
  return turnsOf(conversation)
    .filter((turn) => turn.by === "client")
    .flatMap(({ lines }) => lines.flatMap(frameOf));
}

/** Nothing for a line that repeats what a server has said: no server has. */
function frameOf(line: string): Uint8Array[] {
  if (line.startsWith("hex ")) return [fromHex(line.slice(4).replace(/#.*|\s/g, ""))];
  try {
    return [encode(parseMessage(line))];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function isShort(input: Input): boolean {
  return input.reduce((size, frame) => size + frame.length, 0) <= LONGEST;
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, import.meta.url));
}
