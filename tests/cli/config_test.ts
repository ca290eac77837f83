// The configuration file, and operands that begin with the name of a server.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { CliRun } from "../support/cli_run.ts";

const CONFIG = {
  server: "work",
  servers: {
    home: { address: "192.168.1.20" },
    work: { address: "[::1]:7" },
  },
};

const HOME = { host: "192.168.1.20", port: 1300 };
const WORK = { host: "::1", port: 7 };

async function configured(config: unknown = CONFIG, path = ".config/morsel/config.json") {
  const run = await CliRun.open();
  run.host.variables.set("HOME", run.host.folder);
  await run.host.write(path, typeof config === "string" ? config : JSON.stringify(config));
  run.remote.add("photos/a.jpg", "content");
  return run;
}

Deno.test("a server is asked by its configured name, in an operand, an option or a variable", async () => {
  await using run = await configured();
  const lines: [string[], typeof HOME][] = [
    [["stat", "home:photos/a.jpg"], HOME],
    [["stat", "photos/a.jpg"], WORK],
    [["ls", "home:"], HOME],
    [["ls", "home:photos/"], HOME],
    [["stat", "photos/a.jpg", "--server", "home"], HOME],
    [["stat", "photos/a.jpg", "--server", "elsewhere:9"], { host: "elsewhere", port: 9 }],
    [["cp", "home:photos/a.jpg", "home:b.jpg"], HOME],
    [["rm", "home:b.jpg"], HOME],
  ];
  for (const [args, address] of lines) {
    assertEquals(await run.run(...args), 0, args.join(" "));
    assertEquals(run.address, address, args.join(" "));
  }
  run.host.variables.set("MORSEL_SERVER", "home");
  assertEquals(await run.run("ls"), 0);
  assertEquals(run.address, HOME);
});

Deno.test("get and put take a server before the name; the last of put's operands is where to", async () => {
  await using run = await configured();
  assertEquals(await run.run("get", "home:photos/a.jpg"), 0);
  assertEquals(await run.host.read("a.jpg"), "content");
  const puts: [string[], string][] = [
    [["a.jpg", "home:x/b.jpg"], "x/b.jpg"],
    [["a.jpg", "home:y/"], "y/a.jpg"],
    [["a.jpg", "home:"], "a.jpg"],
  ];
  for (const [operands, name] of puts) {
    run.remote.stored.delete(name);
    assertEquals(await run.run("put", ...operands), 0);
    assertEquals([run.remote.text(name), run.address], ["content", HOME]);
  }
});

Deno.test("sync takes a server before one of its sides, which says the way", async () => {
  await using run = await configured();
  assertEquals(await run.run("sync", "home:photos", "here"), 0);
  assertEquals([await run.host.read("here/a.jpg"), run.address], ["content", HOME]);
  assertEquals(await run.run("sync", "home:photos", "here", "--down"), 0);
  assertEquals(await run.run("sync", "here", "home:copy/"), 0);
  assertEquals([run.remote.text("copy/a.jpg"), run.address], ["content", HOME]);
});

Deno.test("any other colon is part of a name, and with --server every one is", async () => {
  await using run = await configured();
  run.remote.add("other:b", "1");
  run.remote.add("home:b", "2");
  assertEquals(await run.run("cat", "other:b"), 0);
  assertEquals(run.address, WORK);
  assertEquals(await run.run("cat", "home:b", "--server", "work"), 0);
  assertEquals(run.out, "12");
  await run.host.write("home:file", "local");
  assertEquals(await run.run("put", "home:file"), 0);
  assertEquals([run.remote.text("home:file"), run.address], ["local", WORK]);
});

Deno.test("operands on several servers are a mistake", async () => {
  await using run = await configured();
  const mistakes: [string[], string][] = [
    [["rm", "home:a", "work:b"], 'One command asks one server, but "work:b" is not on "home"'],
    [["mv", "home:a", "b"], '"b" names no server as the others do; write "home:" before it'],
    [["rm", "a", "home:b"], '"a" names no server as the others do; write "home:" before it'],
    [["sync", "home:a", "work:b"], "Both name a server, but one of them is to be a folder here"],
    [["sync", "a", "home:b", "--down"], 'but "home:b" is second; swap them'],
    [["put", "x", "home:y", "--as", "z"], 'Both --as and "home:y" say what to store it as'],
  ];
  for (const [args, message] of mistakes) {
    const before = run.err.length;
    assertEquals(await run.run(...args), 2, args.join(" "));
    assertStringIncludes(run.err.slice(before), message);
  }
  assertEquals(run.address, undefined);
});

Deno.test("the configuration is where the variables say, and on Windows in APPDATA", async () => {
  const places: [Record<string, string>, string][] = [
    [{ HOME: "." }, ".config/morsel/config.json"],
    [{ HOME: "nowhere", XDG_CONFIG_HOME: "xdg" }, "xdg/morsel/config.json"],
    [{ HOME: "nowhere", MORSEL_CONFIG: "my.json" }, "my.json"],
  ];
  for (const [variables, path] of places) {
    await using run = await CliRun.open();
    await run.host.write(path, JSON.stringify(CONFIG));
    for (const [name, value] of Object.entries(variables)) run.host.variables.set(name, value);
    assertEquals(await run.run("ls", "home:"), 0);
    assertEquals(run.address, HOME, path);
  }
  await using run = await CliRun.open();
  run.host.windows = true;
  run.host.variables.set("APPDATA", "C:");
  await Deno.writeTextFile(
    `${run.host.folder}/C:\\morsel\\config.json`,
    JSON.stringify(CONFIG),
  );
  assertEquals(await run.run("ls", "home:"), 0);
  assertEquals(run.address, HOME);
});

Deno.test("without a configuration, or without leave to read it, nothing is configured", async () => {
  await using run = await configured();
  run.host.unreadable.add(`${run.host.folder}/.config/morsel/config.json`);
  assertEquals(await run.run("ls"), 0);
  assertEquals(run.address, { host: "127.0.0.1", port: 1300 });
  run.host.variables.delete("HOME");
  assertEquals(await run.run("ls"), 0);
  run.host.variables.set("MORSEL_CONFIG", "nope.json");
  assertEquals(await run.run("ls"), 4);
  assertStringIncludes(run.err, 'There is nothing at "nope.json"; check the path');
});

Deno.test("what is wrong in the configuration is one line that says where", async () => {
  const address = "h:1";
  const mistakes: [unknown, string][] = [
    ["{", '.config/morsel/config.json" is not JSON: '],
    ["[]", '.config/morsel/config.json" is not an object in braces'],
    [{ sever: "x" }, 'config.json" has the unknown key "sever"; did you mean "server"?'],
    [{ colour: 1 }, 'the unknown key "colour"; it may have "server" and "servers"'],
    [{ server: 7 }, 'has a "server" that is not a name or HOST:PORT in quotes'],
    [{ servers: [] }, 'in "servers", is not an object in braces'],
    [{ servers: { home: {} } }, 'in "servers.home", needs an "address" such as'],
    [{ servers: { home: { address, tokn: "x" } } }, 'in "servers.home", has the unknown key'],
    [{ servers: { home: { address: "a b" } } }, '"address" "a b" is not HOST:PORT'],
    [{ servers: { c: { address } } }, 'names a server "c"; use two or more letters'],
    [{ servers: { "a:b": { address } } }, 'names a server "a:b"; use two or more letters'],
    [{ server: "a b" }, '"server" in the configuration "a b" is not HOST:PORT'],
    [" ".repeat(1024 * 1024) + "{}", "is not JSON: "],
  ];
  for (const [config, message] of mistakes) {
    await using run = await configured(config);
    assertEquals(await run.run("ls"), 2, message);
    assertStringIncludes(run.err, message);
    assertEquals(run.err.trimEnd().split("\n").length, 1, run.err);
    assertEquals(await run.run("hash", "-"), 0, "what asks no server needs no configuration");
  }
});

Deno.test("TLS is asked for by the address, and files say whom to trust and what to show", async () => {
  await using run = await configured({ servers: { home: { address: "morsels://10.0.0.1:7" } } });
  const pem = (name: string) => `the ${name}\n-----BEGIN CERTIFICATE-----\n`;
  for (const name of ["ca", "cert"]) await run.host.write(name, pem(name));
  await run.host.write("key", "the key");
  const files = ["--tls-ca", "ca", "--tls-cert", "cert", "--tls-key", "key"];
  assertEquals(await run.run("ls", "home:", ...files), 0);
  assertEquals(run.address, {
    host: "10.0.0.1",
    port: 7,
    tls: { ca: pem("ca"), cert: pem("cert"), key: "the key" },
  });
  const mistakes: [string[], string][] = [
    [["--server", "10.0.0.1", "--tls-ca", "ca"], "need a server with TLS; write it as morsels://"],
    [["--server", "home", "--tls-ca", "key"], 'There is no certificate in PEM in "key"'],
    [["--server", "home", "--tls-key", "key"], "--tls-cert and --tls-key belong together"],
    [["--server", "morsels://a/#ca=MIIAAA", "--tls-ca", "ca"], "Both --tls-ca and #ca= say whom"],
  ];
  for (const [args, message] of mistakes) {
    assertEquals(await run.run("ls", ...args), 2);
    assertStringIncludes(run.err, message);
  }
});
