// A server that means harm lists names to make a client write, remove or wait where it must not.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { clientProgram } from "../../lib/cli/client_program.ts";
import { compareBytes } from "../../lib/base/names.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FakeHost } from "../support/fake_host.ts";
import { LyingServer } from "../support/lying_server.ts";

/** Runs the client against a server that lists this. */
async function run(host: FakeHost, pages: readonly (readonly string[])[], ...args: string[]) {
  const server = new LyingServer(pages);
  host.args = args;
  const connect = () => server.connect();
  const code = await clientProgram({ host, clock: systemClock, version: "1", connect });
  return { code, asked: server.asked };
}

/** All files and links below the temporary folder. */
async function leaves(host: FakeHost): Promise<string[]> {
  return (await host.paths()).filter((path) => !path.endsWith("/"));
}

// In the order of the server's list. What is refused everywhere; some of it no server may even send.
const REFUSED = [
  "d/",
  "d/\u0000",
  "d/\u001b[2J",
  "d/.",
  "d/..",
  "d/../../../../../../../../etc/escaped",
  "d/../escaped",
  "d/../in/place/escaped",
  "d/./escaped",
  "d/.escaped.0123456789abcdef.morsel-part",
  "d/.escaped.0123456789abcdef.morsel-part-hashes",
  "d//",
  "d//escaped",
  "d//etc/escaped",
  "d/a/",
  "d/a/../../escaped",
  "d/a\u0000/b",
  "d/a\nb",
  "d/a\u0085b",
  `d/${"x".repeat(2000)}`,
].sort(compareBytes);

const WINDOWS = [
  "..\\escaped",
  "C:",
  "C:\\escaped",
  "C:escaped",
  "CON",
  "NUL.txt",
  "\\\\host\\x\\y",
  "a.",
];

Deno.test("get -r writes nothing outside its folder, whatever a server lists", async () => {
  await using host = await FakeHost.open();
  const names = [...REFUSED, ...WINDOWS.map((name) => `d/${name}`), "d/good", "d/z/good"];
  const { code, asked } = await run(
    host,
    [names.sort(compareBytes)],
    "get",
    "-r",
    "d",
    "-o",
    "in/place",
  );
  assertEquals(code, 9, host.stderr.text);
  const expected = [...WINDOWS, "good", "z/good"].sort(compareBytes);
  assertEquals(await leaves(host), expected.map((name) => `in/place/${name}`).sort());
  assertEquals(asked, expected.map((name) => `d/${name}`));
  const lines = host.stderr.text.trimEnd().split("\n");
  assertEquals(lines.length, REFUSED.length, host.stderr.text);
  for (const line of lines) assertMatch(line, /^morsel: d\/.*: Not written, as /);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(host.stderr.text), false);
});

Deno.test("get -r on Windows leaves out what leads elsewhere there, too", async () => {
  await using host = await FakeHost.open();
  host.windows = true;
  const names = [...REFUSED, ...WINDOWS.map((name) => `d/${name}`), "d/good"].sort(compareBytes);
  assertEquals((await run(host, [names], "get", "-r", "d")).code, 9);
  assertEquals(await leaves(host), ["d/good"]);
});

const OUT_OF_PLACE: [string, string[][]][] = [
  ["names that were not asked for", [["d/a", "e/b"]]],
  ["names before those asked for", [["../escaped", "d/a"]]],
  ["absolute names", [["/etc/escaped"]]],
  ["names out of their order", [["d/b", "d/a"]]],
  ["the same name twice", [["d/a", "d/a"]]],
  ["two spellings of a name", [["d/e\u0301", "d/\u00e9"]]],
  ["a page that comes again and again", [["d/a"], ["d/b"]]],
  ["an empty name", [["", "d/a"]]],
];

for (const [what, pages] of OUT_OF_PLACE) {
  Deno.test(`a server that lists ${what} is not believed any further`, async () => {
    await using host = await FakeHost.open();
    await host.write("d/mine", "mine");
    await host.write("d/zzz", "mine");
    for (const args of [["get", "-r", "d"], ["sync", "--down", "d", "d", "--delete"]]) {
      const { code } = await run(host, pages, ...args);
      assertEquals(code === 8 || code === 9, true, `${code}`);
      assertStringIncludes(host.stderr.text, " out of place");
    }
    const there = (await leaves(host)).filter((path) => !/^d\/[ab\u00e9e\u0301]+$/.test(path));
    assertEquals(there, ["d/mine", "d/zzz"]);
  });
}
