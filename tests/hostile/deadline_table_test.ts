// Each row of PROTOCOL.md 7 has a test, for each side it names, in which the other side stops exactly there.

import { assert, assertEquals } from "@std/assert";
import { FRAMING_ATTACKS } from "./framing_attacks.ts";
import { SLOW_ATTACKS } from "./slow_attacks.ts";

const CLIENT = "tests/client/deadlines_test.ts";
const CLIENT_TOO = "tests/hostile/client_waits_test.ts";

/** By who waits and what for: a test by its file and name, or an attack by its name. */
const TESTS: Record<string, readonly (string | readonly [file: string, name: string])[]> = {
  "client: the connection": [
    [CLIENT_TOO, "connect() gives up an address where nobody accepts after 10 s"],
  ],
  "client: the greeting": [[CLIENT, "connect() gives up a server that does not greet"]],
  "server: the greeting": ["connects and says nothing", "greets with a byte a second"],
  "client: the proof of a token": [
    ["tests/client/token_test.ts", "connect() gives up a server that leaves a proof unanswered"],
  ],
  "server: the proof of a token": [
    [
      "tests/server/authentication_test.ts",
      "a client that falls silent before its proof is let go after 10 s",
    ],
  ],
  "client: the rest of a frame": [[CLIENT, "a call gives up a server that stops inside a frame"]],
  "server: the rest of a frame": [
    "sends the header of a frame and falls silent",
    "announces the largest frame and sends one byte of it",
  ],
  "server: a request": ["greets and falls silent"],
  "server: the next bytes of an upload": ["begins an upload of 2^53 - 2 bytes and falls silent"],
  "client: a reply": [
    [CLIENT, "a call gives up a server that does not answer"],
    [CLIENT, "a download gives up a server that stops in the middle"],
    [CLIENT, "an upload gives up a server that acknowledges nothing"],
    [CLIENT, "an upload gives up a server that does not answer its Commit"],
  ],
  "client: a sign of life": [
    [CLIENT, "a client gives up a server that leaves a Ping without any sign of life"],
  ],
  "client: the other side to take what was sent": [
    [CLIENT_TOO, "an upload gives up a server that answers Pings and takes nothing else"],
  ],
  "server: the other side to take what was sent": ["asks for a large file and never reads"],
  "server: the other side to close": ["breaks the framing and never closes its end"],
};

Deno.test("every row of PROTOCOL.md 7 has a test for each side that waits, and no test lacks a row", async () => {
  assertEquals(Object.keys(TESTS).sort(), (await rows()).sort());
});

Deno.test("the tests named for the rows of PROTOCOL.md 7 are there", async () => {
  const attacks = [...SLOW_ATTACKS, ...FRAMING_ATTACKS].map(({ name }) => name);
  for (const [row, tests] of Object.entries(TESTS)) {
    assert(tests.length > 0, `${row} has no test`);
    for (const test of tests) {
      if (typeof test === "string") assert(attacks.includes(test), `There is no attack: ${test}`);
      else await insistOnTest(...test);
    }
  }
});

async function insistOnTest(file: string, name: string): Promise<void> {
  const source = await Deno.readTextFile(file);
  assert(source.includes(`Deno.test("${name}"`), `${file} has no test "${name}"`);
}

/** Who waits for what; a row for both sides stands twice. */
async function rows(): Promise<string[]> {
  const document = await Deno.readTextFile("PROTOCOL.md");
  const section = document.slice(document.indexOf("\n## 7 "), document.indexOf("\n### 7.1 "));
  const lines = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return lines.flatMap((line) => {
    const [, who, what] = line.split("|").map((cell) => cell.trim());
    const sides = who === "both" ? ["client", "server"] : [who];
    return sides.map((side) => `${side}: ${what}`);
  });
}
