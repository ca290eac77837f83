import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { COMMANDS, COMMON_OPTIONS } from "../../lib/cli/commands.ts";
import { EXIT_MEANINGS } from "../../lib/cli/exit_codes.ts";
import { textWidth } from "../../lib/cli/text_width.ts";
import { CliRun, notCapable } from "../support/cli_run.ts";
import { Exited } from "../support/fake_host.ts";

Deno.test("help lists every command, every common option and every exit code, within 100 columns", async () => {
  await using run = await CliRun.open();
  assertEquals(await run.run("--help"), 0);
  for (const { name, operands, summary } of COMMANDS) {
    assert(run.out.includes(`  ${name} ${operands}`) && run.out.includes(summary), name);
  }
  for (const { name, summary } of COMMON_OPTIONS) {
    assert(run.out.includes(`--${name}`) && run.out.includes(summary), name);
  }
  for (const [code, meaning] of EXIT_MEANINGS) {
    assertStringIncludes(run.out, `${String(code).padStart(3)}  ${meaning}`);
  }
  for (const line of run.out.split("\n")) assert(textWidth(line) <= 100, line);
  assertEquals(run.err, "");
});

for (const command of COMMANDS) {
  Deno.test(`morsel ${command.name} --help lists its options and examples, aligned`, async () => {
    await using run = await CliRun.open();
    assertEquals(await run.run(command.name, "--help"), 0);
    assertMatch(run.out, new RegExp(`^Usage: morsel ${command.name}( \\S.*)?$`, "m"));
    const columns = [...command.options, ...COMMON_OPTIONS].map(({ name, letter, summary }) => {
      const line = run.out.split("\n").find((line) =>
        line.includes(`--${name}`) && line.endsWith(summary)
      );
      assert(line, name);
      if (letter) assertStringIncludes(line, `-${letter}, --${name}`);
      return line.length - summary.length;
    });
    assertEquals(new Set(columns).size, 1, `summaries start at ${columns}`);
    for (const [line] of command.examples) assertStringIncludes(run.out, line);
    for (const line of run.out.split("\n")) assert(textWidth(line) <= 100, line);
  });
}

Deno.test("no command prints the help on standard error and exits with 2", async () => {
  await using run = await CliRun.open();
  assertEquals(await run.run(), 2);
  assertEquals(run.out, "");
  assertStringIncludes(run.err, "Usage: morsel [OPTIONS] COMMAND");
});

Deno.test("--version prints the version", async () => {
  await using run = await CliRun.open();
  assertEquals(await run.run("--version"), 0);
  assertEquals(run.out, "morsel 1.2.3\n");
});

Deno.test("every mistake in the command line is one line and exit code 2", async () => {
  const mistakes: [string[], string][] = [
    [["ptu", "x"], 'morsel: Unknown command "ptu". Did you mean put?'],
    [["upload"], 'morsel: Unknown command "upload". Did you mean uploads?'],
    [["frobnicate"], 'morsel: Unknown command "frobnicate". See morsel --help'],
    [["uploads", "--abort", "x"], "morsel: --abort takes an id of 32 hexadecimal digits"],
    [["ls", "--lnog"], 'morsel: Unknown option "--lnog". Did you mean --long?'],
    [["stat", "-r", "x"], 'morsel: Unknown option "-r". See morsel stat --help'],
    [["--bogus", "ls"], 'morsel: Unknown option "--bogus". See morsel --help'],
    [
      ["put", "--connections", "2", "x"],
      "morsel: --connections is an option of get, not of put; see morsel put --help",
    ],
    [["ls", "--limit-rate", "15K"], 'morsel: --limit-rate "15K" is below 16K, the least there is'],
    [["ls", "--limit-rate", "fast"], 'morsel: --limit-rate "fast" is not a rate such as 20M'],
    [["get"], "morsel: morsel get needs NAME; see morsel get --help"],
    [["mv", "a"], "morsel: morsel mv needs FROM TO; see morsel mv --help"],
    [["get", "a", "b"], 'morsel: morsel get takes NAME, but not "b" as well; see'],
    [["ls", "--server"], "morsel: --server needs a value, as in --server HOST:PORT"],
    [["ls", "--server", "a:b"], 'morsel: --server "a:b" is not HOST:PORT'],
    [["ls", "--chunk-size", "0"], 'morsel: --chunk-size "0" is not a whole number from 1 to'],
    [["cat", "a", "--range", "x"], 'morsel: --range "x" is not START-END'],
  ];
  for (const [args, message] of mistakes) {
    await using run = await CliRun.open();
    assertEquals(await run.run(...args), 2, args.join(" "));
    assertStringIncludes(run.err, message);
    assertEquals([run.err.trimEnd().split("\n").length, run.out], [1, ""]);
  }
});

Deno.test("a mistake is an object with --json", async () => {
  await using run = await CliRun.open();
  assertEquals(await run.run("ptu", "--json"), 2);
  assertEquals(JSON.parse(run.err).error.code, "usage");
});

Deno.test("options may stand before the command and after it", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "");
  assertEquals(await run.run("--json", "--server", "h:7", "ls", "-l"), 0);
  assertEquals(run.address, { host: "h", port: 7 });
  assertEquals(await run.run("-l", "ls", "--server=g"), 0);
  assertEquals(run.address, { host: "g", port: 1300 });
});

Deno.test("the server is the one of --server, else of MORSEL_SERVER, else on this machine", async () => {
  await using run = await CliRun.open();
  await run.run("ls");
  assertEquals(run.address, { host: "127.0.0.1", port: 1300 });
  run.host.variables.set("MORSEL_SERVER", "[::1]:9");
  await run.run("ls");
  assertEquals(run.address, { host: "::1", port: 9 });
  await run.run("ls", "--server", "a");
  assertEquals(run.address, { host: "a", port: 1300 });
  run.host.variables.set("MORSEL_SERVER", "a b");
  assertEquals(await run.run("ls"), 2);
  assertStringIncludes(run.err, 'MORSEL_SERVER "a b" is not HOST:PORT');
});

Deno.test("--limit-rate is one limit for all connections of a command", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x");
  assertEquals(await run.run("get", "a"), 0);
  assertEquals(run.connectOptions.limit, undefined);
  assertEquals(await run.run("get", "a", "--limit-rate", "1.5M"), 0);
  assertEquals(run.connectOptions.limit?.bytesPerSecond, 1.5 * 1024 * 1024);
});

Deno.test("--chunk-size auto is large on this machine, and the default beyond it", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x");
  for (const [server, chunkSize] of [["localhost", 32768], ["192.168.1.20", undefined]] as const) {
    assertEquals(await run.run("get", "a", "--chunk-size", "auto", "--server", server), 0);
    assertEquals(run.remote.lastGet.chunkSize, chunkSize);
  }
});

Deno.test("--trace prints each frame on standard error, and nothing is asked for without it", async () => {
  await using run = await CliRun.open();
  await run.run("ls");
  assertEquals(run.connectOptions.trace, undefined);
  const { list } = run.remote;
  run.remote.list = (options) => {
    run.connectOptions.trace!("C: List");
    run.connectOptions.trace!("S: Page");
    return list.call(run.remote, options);
  };
  await run.run("ls", "--trace");
  assertEquals(run.err, "C: List\nS: Page\n");
});

Deno.test("what nobody expected is one line and exit code 1, with a stack only for --debug", async () => {
  await using run = await CliRun.open();
  run.connectFault = new TypeError("x is undefined");
  assertEquals(await run.run("ls"), 1);
  assertEquals(
    run.err,
    "morsel: TypeError: x is undefined; run again with --debug to see where\n",
  );
  assertEquals(await run.run("ls", "--debug"), 1);
  assertStringIncludes(run.err, "client_program_test.ts");
});

Deno.test("a denied connection names the permission", async () => {
  await using run = await CliRun.open();
  run.connectFault = notCapable(
    'Requires net access to "127.0.0.1:1300", run again with the --allow-net flag',
  );
  assertEquals(await run.run("ls"), 2);
  assertStringIncludes(
    run.err,
    'morsel: Network access to "127.0.0.1:1300" is not permitted: run again with --allow-net',
  );
});

Deno.test("a second Ctrl-C ends the process at once", async () => {
  await using run = await CliRun.open();
  run.remote.add("a", "x");
  run.remote.midway = () => {
    run.host.signal("SIGINT");
    assertThrows(() => run.host.signal("SIGINT"), Exited, "exit 130");
    return new Promise(() => {});
  };
  assertEquals(await run.run("cat", "a"), 130);
});

Deno.test("a connection that fails to close does not spoil what was done", async () => {
  await using run = await CliRun.open();
  run.remote.close = () => Promise.reject(new Error("late"));
  assertEquals(await run.run("ls"), 0);
  assertEquals(run.err, "");
});
