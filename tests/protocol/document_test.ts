// PROTOCOL.md says what the code does: formats, tables, examples and the sections that comments cite.

import { assert, assertEquals } from "@std/assert";
import { ERRORS, type MorselError } from "../../lib/base/errors.ts";
import { toHex } from "../../lib/base/hex.ts";
import { checkName, MAX_NAME_SIZE } from "../../lib/base/names.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { FIGURE_NAMES } from "../../lib/protocol/figures.ts";
import {
  deadlinesOf,
  DEFAULT_CHUNK,
  DEFAULT_LIMITS,
  GREETING_FRAME,
  MAX_METADATA_SIZE,
  MAX_PAGE,
  MAX_WATCH_LENGTH,
  MAX_WATCHES,
  MIN_MAX_FRAME,
} from "../../lib/protocol/limits.ts";
import {
  type MessageName,
  type MessageRule,
  MESSAGES,
  PROTOCOL_VERSION,
} from "../../lib/protocol/messages.ts";
import { formatLine } from "../../lib/protocol/notation.ts";
import { CHANGE_BYTES_KEPT, CHANGES_KEPT } from "../../lib/store/catalog.ts";
import {
  mismatch,
  parseMessage,
  parsePattern,
  type Pattern,
  type Variables,
} from "../support/parse_notation.ts";
import { conversations, turnsOf } from "../support/transcript.ts";

const root = new URL("../../", import.meta.url);
const text = await Deno.readTextFile(new URL("PROTOCOL.md", root));
const names = Object.keys(MESSAGES) as MessageName[];

Deno.test("PROTOCOL.md 4 gives every message its format line, and no other", () => {
  const lines = text.match(/^size\[4\] \w+ tag\[4\].*$/gm)!;
  assertEquals([...new Set(lines)].sort(), names.map(formatLine).sort());
});

Deno.test("PROTOCOL.md 4 lists number, sender and last reply of every message", () => {
  const rows = rowsOf(section("4")).filter(([number]) => /^\d+$/.test(number!));
  const expected = names.map((name) => {
    const { number, sender, lastReply } = MESSAGES[name] as MessageRule;
    return [String(number), name, sender, lastReply ?? ""];
  });
  assertEquals(rows, expected);
});

Deno.test("PROTOCOL.md 0 knows the version that the code speaks", () => {
  const versions = rowsOf(section("0")).map(([version]) => version);
  assert(versions.includes(String(PROTOCOL_VERSION)));
});

Deno.test("PROTOCOL.md 1 shows each frame as encode() writes it", () => {
  const frames = exampleFrames("1");
  assert(frames.length > 20);
  for (const { said, hex } of frames) assertEquals(toHex(encode(parseMessage(said))), hex, said);
});

Deno.test("PROTOCOL.md 1 is the conversation of first_example.txt", async () => {
  const url = new URL("tests/transcripts/first_example.txt", root);
  const transcript = conversations(await Deno.readTextFile(url)).at(-1)!;
  assertIsConversation(exampleFrames("1"), patternsOf(transcript));
});

Deno.test("PROTOCOL.md 4.15 shows, byte for byte, how authentication.txt lets in and refuses", async () => {
  const url = new URL("tests/transcripts/authentication.txt", root);
  const transcript = conversations(await Deno.readTextFile(url));
  const frames = exampleFrames("4.15");
  for (const { said, hex } of frames) assertEquals(toHex(encode(parseMessage(said))), hex, said);
  // The greeting and the four messages; then those two that differ for a wrong token.
  const refused = transcript.find((text) => text.includes(frames[6]!.said))!;
  assertIsConversation(frames, [
    ...patternsOf(transcript[0]!).slice(0, 6),
    ...patternsOf(refused).slice(-2),
  ]);
});

Deno.test("PROTOCOL.md 2.5 judges names as checkName() does", () => {
  const rows = rowsOf(section("2.5")).slice(2);
  assert(rows.length > 10);
  for (const [shown, verdict] of rows) {
    const repeated = /^`repeat\((".*"), (\d+)\)`$/.exec(shown!);
    const name: string = repeated
      ? JSON.parse(repeated[1]!).repeat(Number(repeated[2]))
      : JSON.parse(shown!.slice(1, -1));
    if (verdict!.startsWith("protocol")) assert(!name.isWellFormed());
    else assertEquals(verdict!.split(":")[0], verdictOn(name), shown);
  }
});

Deno.test("PROTOCOL.md 4.17 tells every figure there is, and no other", () => {
  const rows = rowsOf(section("4.17")).slice(2);
  const keys = rows.flatMap(([cell]) => cell!.split(", ").map((key) => key.replaceAll("`", "")));
  assertEquals(keys.filter((key) => key !== "version"), FIGURE_NAMES);
});

Deno.test("PROTOCOL.md 5 is the table of errors", () => {
  const rows = rowsOf(section("5")).slice(2);
  const expected = Object.entries(ERRORS).map(([name, rule]) => [
    String(rule.number),
    name,
    rule.meaning,
    rule.sessionLives ? "lives" : "dies",
    rule.retry ? "retry" : "final",
  ]);
  assertEquals(rows, expected);
});

Deno.test("PROTOCOL.md 6 has the limits that a server announces unless told otherwise", () => {
  const rows = new Map(rowsOf(section("6")).map(([name, value]) => [name, value]));
  for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
    assertEquals(rows.get(name), String(value), name);
  }
  assertEquals(rows.get("frame before the greeting is over"), `${GREETING_FRAME} bytes`);
  assertEquals(rows.get("smallest `maxFrame` a side may announce"), `${MIN_MAX_FRAME} bytes`);
  assertEquals(rows.get("name, as UTF-8"), `1 to ${MAX_NAME_SIZE} bytes`);
  assertEquals(rows.get("metadata of a file, as a field"), `${MAX_METADATA_SIZE} bytes`);
  assertEquals(rows.get("files in a page"), String(MAX_PAGE));
  assertEquals(rows.get("changes in a Watch"), String(MAX_WATCH_LENGTH));
  assertEquals(rows.get("watches of a session"), String(MAX_WATCHES));
  assertEquals(rows.get("changes that are kept, at least"), String(CHANGES_KEPT));
  assertEquals(rows.get("or the last ones that take, as 4.14 says"), `${CHANGE_BYTES_KEPT} bytes`);
  assert(section("6").includes(`chunks of ${DEFAULT_CHUNK} bytes`));
});

Deno.test("PROTOCOL.md 7 has a row for every deadline, with its time and its minimum", () => {
  const times: Record<number, string> = {
    7: "`idleMs`",
    11: "`stallMs`",
    22: "2 × `stallMs`",
    2_000: "2 s",
    10_000: "10 s",
  };
  const rows = rowsOf(section("7")).slice(2).map((row) => row.slice(1, 4)).sort();
  const deadlines = Object.values(deadlinesOf({ idleMs: 7, stallMs: 11, minRate: 13 }));
  const expected = deadlines.map(({ what, silenceMs, minRate }) => [
    what,
    times[silenceMs],
    minRate === 13 ? "`minRate`" : "",
  ]);
  assertEquals(rows, expected.sort());
});

Deno.test("PROTOCOL.md has every section that the source or the document itself cites", async () => {
  const headings = new Set([...text.matchAll(/^#+ ([\dA]+(?:\.\d+)?) /gm)].map(([, id]) => id!));
  const citations = [...text.matchAll(/\((\d+(?:\.\d+)?)\)/g)].map((
    [, id],
  ) => ["PROTOCOL.md", id!]);
  for (const folder of ["lib/", "tests/"]) {
    for await (const [file, source] of sources(new URL(folder, root))) {
      // Line breaks of comments may stand in "PROTOCOL.md 4.1 and 4.2".
      const plain = source.replace(/\s*\n\s*(\/\/|\*|#)\s*/g, " ");
      for (
        const [, first, second] of plain.matchAll(/PROTOCOL\.md ([\d.]*\d)(?: and ([\d.]*\d))?/g)
      ) {
        for (const id of [first, second]) if (id) citations.push([file, id]);
      }
    }
  }
  for (const [file, id] of citations) {
    assert(headings.has(id!), `${file} cites section ${id}, which PROTOCOL.md does not have`);
  }
});

/** The frames shown in a section: each line of notation with the hexadecimal digits below it. */
function exampleFrames(id: string): { said: string; hex: string }[] {
  const lines = [...section(id).matchAll(/^[CS]: (.+)\n((?: {3}[0-9a-f ]+\n)+)/gm)];
  return lines.map(([, said, hex]) => ({ said: said!, hex: hex!.replace(/\s/g, "") }));
}

function patternsOf(conversation: string): Pattern[] {
  return turnsOf(conversation)
    .flatMap((turn) => turn.by === "close" ? [] : turn.lines)
    .map(parsePattern);
}

/** Each frame is what the pattern in its place says. */
function assertIsConversation(frames: { said: string }[], patterns: Pattern[]): void {
  assertEquals(patterns.length, frames.length);
  const variables: Variables = new Map();
  for (const [index, { said }] of frames.entries()) {
    assertEquals(mismatch(patterns[index]!, parseMessage(said), variables), undefined, said);
  }
}

/** The text of a section with all below it, or down to its first table's end for one with parts. */
function section(id: string): string {
  const depth = id.includes(".") ? "###" : "##";
  const start = text.indexOf(`\n${depth} ${id} `);
  assert(start >= 0, `PROTOCOL.md has no section ${id}`);
  const next = text.slice(start + 1).search(depth === "##" ? /\n## / : /\n###? /);
  return next < 0 ? text.slice(start) : text.slice(start, start + 1 + next);
}

/** The rows of the tables up to the first subsection, without the lines of dashes. */
function rowsOf(markdown: string): string[][] {
  const end = markdown.indexOf("\n### ", 1);
  const own = markdown.startsWith("\n## ") && end > 0 ? markdown.slice(0, end) : markdown;
  return (own.match(/^\|.*\|$/gm) ?? [])
    .map((row) => row.slice(1, -1).split("|").map((cell) => cell.trim()));
}

function verdictOn(name: string): string {
  try {
    checkName(name);
    return "accepted";
  } catch (thrown) {
    return (thrown as MorselError).code;
  }
}

async function* sources(folder: URL): AsyncGenerator<[string, string]> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (/\.(ts|txt|md)$/.test(name)) {
      yield [name, await Deno.readTextFile(new URL(name, folder))];
    }
  }
}
