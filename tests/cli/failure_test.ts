import { assertEquals, assertStringIncludes } from "@std/assert";
import { type ErrorCode, ERRORS, MorselError } from "../../lib/base/errors.ts";
import {
  describeFailure,
  LocalFileError,
  RefusedNameError,
  stackOf,
  UsageError,
} from "../../lib/cli/failure.ts";
import { notCapable, systemError } from "../support/cli_run.ts";

const EXIT_CODES: Record<ErrorCode, number> = {
  protocol: 8,
  version: 8,
  unsupported: 1,
  invalid: 2,
  not_found: 4,
  gone: 4,
  conflict: 5,
  limit: 6,
  no_space: 6,
  integrity: 7,
  authentication: 3,
  forbidden: 3,
  quota: 6,
  fenced: 5,
  cancelled: 1,
  deadline: 8,
  busy: 8,
  draining: 8,
  storage: 1,
  internal: 1,
  connection: 8,
};

Deno.test("every error code has its exit code", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const failure = describeFailure(new MorselError(code, "It failed", { detail: { a: "b" } }));
    assertEquals(failure.exitCode, EXIT_CODES[code], code);
    assertEquals([failure.code, failure.message, failure.detail], [code, "It failed", { a: "b" }]);
    assertEquals(failure.endsAll, EXIT_CODES[code] === 8 || code === "no_space", code);
  }
});

Deno.test("that nobody knows what became of one change does not end those beside it", () => {
  const detail = { outcome: "unknown" };
  const { exitCode, endsAll } = describeFailure(new MorselError("connection", "Lost", { detail }));
  assertEquals([exitCode, endsAll], [8, false]);
});

Deno.test("a source that changes while it is sent is no mistake of the command line", () => {
  const detail = { source: "changed" };
  assertEquals(describeFailure(new MorselError("invalid", "It failed", { detail })).exitCode, 1);
});

Deno.test("every failure of a local file has an exit code and says what to do", () => {
  const failures: ["read" | "write", string, number, string][] = [
    ["read", "ENOENT", 4, 'There is nothing at "a/b"; check the path'],
    ["write", "ENOENT", 4, 'There is no folder to write "a/b" in; make it first'],
    ["read", "EACCES", 1, 'Cannot read "a/b" as the system denies access; check its permissions'],
    ["write", "EROFS", 1, 'Cannot write "a/b" as its file system is read-only'],
    ["write", "ENOSPC", 6, 'Cannot write "a/b" as the local disk is full; free some space'],
    ["write", "EDQUOT", 6, 'Cannot write "a/b" as the local disk is full'],
    ["read", "EISDIR", 1, 'Cannot read "a/b" as it is a folder'],
    ["write", "ENOTDIR", 1, "a part of the path is not a folder"],
    ["write", "ENAMETOOLONG", 1, "the file name is too long"],
    ["read", "EIO", 1, 'Cannot read "a/b": EIO: failed'],
  ];
  for (const [action, code, exitCode, message] of failures) {
    const failure = describeFailure(new LocalFileError(action, "a/b", systemError(code)));
    assertEquals([failure.code, failure.exitCode], ["local", exitCode]);
    assertStringIncludes(failure.message, message);
    assertEquals(failure.detail, { path: "a/b", reason: code });
    assertEquals(failure.endsAll, code === "ENOSPC" || code === "EDQUOT");
  }
});

Deno.test("a refused name exits with 9, as there are always others", () => {
  const { code, message, exitCode, endsAll } = describeFailure(
    new RefusedNameError("No such name"),
  );
  assertEquals({ code, message, exitCode, endsAll }, {
    code: "name",
    message: "No such name",
    exitCode: 9,
    endsAll: false,
  });
});

Deno.test("a denied permission names the flag, however deep it is wrapped", () => {
  const read = notCapable('Requires read access to "x", run again with the --allow-read flag');
  const expected = 'Reading "x" is not permitted: run again with --allow-read, ' +
    "or with -A for all permissions";
  const storage = new MorselError("storage", "Cannot make the folder", { cause: read });
  for (const error of [read, new LocalFileError("read", "x", read), storage]) {
    const failure = describeFailure(error);
    assertEquals(failure.message, expected);
    assertEquals([failure.code, failure.exitCode], ["permission", 2]);
  }
  const net = 'Requires net access to "127.0.0.1:1300", run again with the --allow-net flag';
  assertStringIncludes(
    describeFailure(notCapable(net)).message,
    'Network access to "127.0.0.1:1300" is not permitted: run again with --allow-net',
  );
  assertStringIncludes(
    describeFailure(notCapable("Something new")).message,
    "This is not permitted: run again with -A",
  );
});

Deno.test("a local cause comes before what the client made of it", () => {
  const local = new LocalFileError("read", "a", systemError("EIO"));
  const failure = describeFailure(new MorselError("connection", "Lost", { cause: local }));
  assertEquals(failure.code, "local");
});

Deno.test("mistakes exit with 2, and whatever else is thrown with 1", () => {
  assertEquals(describeFailure(new UsageError("Say --as")), {
    code: "usage",
    message: "Say --as",
    detail: {},
    exitCode: 2,
    endsAll: false,
  });
  for (const thrown of [new TypeError("x is undefined"), "text", undefined, null, 7]) {
    const failure = describeFailure(thrown);
    assertEquals([failure.code, failure.exitCode], ["unexpected", 1]);
    assertStringIncludes(failure.message, "run again with --debug");
  }
});

Deno.test("a message of several lines, or with escapes for terminals, becomes one plain line", () => {
  const failure = describeFailure(new MorselError("internal", "a\n  b\x1b[31m\n"));
  assertEquals(failure.message, "a; b\\u001b[31m");
});

Deno.test("stackOf shows every cause, and ends with causes in a circle", () => {
  const inner = new Error("inner");
  const outer = new Error("outer", { cause: inner });
  inner.cause = outer;
  const stack = stackOf(outer);
  assertStringIncludes(stack, "outer");
  assertStringIncludes(stack, "caused by Error: inner");
  assertEquals(stackOf("text"), "text");
});
