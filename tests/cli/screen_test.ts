import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import { LocalFileError } from "../../lib/cli/failure.ts";
import { Screen, type ScreenOptions } from "../../lib/cli/screen.ts";
import { systemError } from "../support/cli_run.ts";
import { FakeOutput } from "../support/fake_host.ts";

function screenWith(options: Partial<ScreenOptions> = {}) {
  const stdout = new FakeOutput();
  const stderr = new FakeOutput();
  return { stdout, stderr, screen: new Screen({ stdout, stderr, ...options }) };
}

Deno.test("results go to standard output in their order, messages to standard error", async () => {
  const { stdout, stderr, screen } = screenWith();
  await Promise.all([screen.results("a", "b"), screen.message("hello"), screen.results("c")]);
  assertEquals([stdout.text, stderr.text], ["a\nb\nc\n", "morsel: hello\n"]);
});

Deno.test("an error is a line with the next step, and an object with json", async () => {
  const error = new MorselError("conflict", 'There is "a" already', { detail: { current: "3" } });
  const nextSteps = { conflict: "look first" };
  const plain = screenWith({ nextSteps });
  assertEquals((await plain.screen.failure(error, "b")).exitCode, 5);
  await plain.screen.failure(error, "a");
  assertEquals(
    plain.stderr.text,
    'morsel: b: There is "a" already; look first\nmorsel: There is "a" already; look first\n',
  );
  const json = screenWith({ nextSteps, json: true });
  await json.screen.failure(error, "b");
  assertEquals(JSON.parse(json.stderr.text), {
    error: {
      code: "conflict",
      message: 'There is "a" already',
      detail: { current: "3" },
      item: "b",
    },
  });
});

Deno.test("debug shows where an error arose, and nothing else does", async () => {
  const plain = screenWith();
  await plain.screen.failure(new Error("x"));
  assertEquals(plain.stderr.text.split("\n").length, 2);
  const debug = screenWith({ debug: true });
  await debug.screen.failure(new Error("x"));
  assertEquals(debug.stderr.text.includes("screen_test.ts"), true);
});

Deno.test("what a server has said steers no terminal, in a message and in a stack", async () => {
  const { screen, stderr } = screenWith({ debug: true });
  await screen.message("gone\x1b[2J\nmorsel: fake; connecting again");
  const error = new Error("a\x1b]0;b\x07");
  error.stack = "Error: a\x1b]0;b\x07\n    at c";
  await screen.failure(new Error("outer", { cause: error }));
  assertEquals(stderr.text.includes("\x1b"), false);
  assertStringIncludes(
    stderr.text,
    "morsel: gone\\u001b[2J\\u000amorsel: fake; connecting again\n",
  );
  assertStringIncludes(stderr.text, "Error: a\\u001b]0;b\\u0007\n    at c\n");
});

Deno.test("quiet and json leave messages out, but not errors", async () => {
  for (const options of [{ quiet: true }, { json: true }]) {
    const { stderr, screen } = screenWith(options);
    await screen.message("hello");
    assertEquals(stderr.text, "");
    await screen.failure(new MorselError("limit", "Too much"));
    assertEquals(stderr.text.includes("Too much"), true);
  }
});

Deno.test("an output that nobody reads any more is no error", async () => {
  const { stdout, stderr, screen } = screenWith();
  stdout.isUnread = stderr.isUnread = true;
  assertEquals(screen.resultsUnread, false);
  await screen.results("a");
  await screen.message("b");
  assertEquals(screen.resultsUnread, true);
});

Deno.test("an output that fails for another reason is one", async () => {
  const { stdout, screen } = screenWith();
  stdout.write = () => Promise.reject(systemError("ENOSPC"));
  await assertRejects(() => screen.results("a"), LocalFileError, "the local disk is full");
});

Deno.test("a trace is written in batches, and bounded while its reader is slow", async () => {
  const { stderr, screen } = screenWith();
  for (let index = 0; index < 10_005; index++) screen.trace(`line ${index}`);
  await screen.flush();
  assertEquals(stderr.writes.length, 1);
  const lines = stderr.text.trimEnd().split("\n");
  assertEquals(lines.slice(-2), ["line 9999", "(5 lines of the trace are left out)"]);
});
