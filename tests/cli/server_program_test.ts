import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MorselError } from "../../lib/base/errors.ts";
import {
  type CheckProgramOptions,
  type ServeProgramOptions,
  serverProgram,
} from "../../lib/cli/server_program.ts";
import { SERVER_OPTIONS } from "../../lib/cli/server_options.ts";
import { notCapable } from "../support/cli_run.ts";
import { settled } from "../support/fake_clock.ts";
import { Exited, FakeHost } from "../support/fake_host.ts";

/** The program on a fake process, with a server that does nothing. */
class ServerRun implements AsyncDisposable {
  readonly host: FakeHost;
  served: ServeProgramOptions | undefined;
  fault: Error | undefined;
  recovered: string | undefined;
  tlsAddress: string | undefined;
  hasToken = false;
  isClosed = false;
  /** What a check tells, and ends with. */
  damage: string[] = [];
  checked: CheckProgramOptions | undefined;
  checking = Promise.resolve();

  private constructor(host: FakeHost) {
    this.host = host;
  }

  static async open(): Promise<ServerRun> {
    return new ServerRun(await FakeHost.open());
  }

  run(...args: string[]): Promise<number> {
    this.host.args = args;
    return serverProgram({
      host: this.host,
      version: "1.2.3",
      hasTokens: () => Promise.resolve(this.hasToken),
      check: async (options) => {
        this.checked = options;
        await Promise.race([this.checking, aborted(options.signal)]);
        for (const line of this.damage) options.onDamage(line);
        return { contents: 1234, bytes: 5 * 1024 ** 3, damages: this.damage.length };
      },
      serve: (options) => {
        this.served = options;
        if (this.fault) return Promise.reject(this.fault);
        const { host, port } = options.address;
        return Promise.resolve({
          address: { host, port: port || 4711 },
          recovered: this.recovered,
          tlsAddress: this.tlsAddress,
          close: () => Promise.resolve(void (this.isClosed = true)),
        });
      },
    });
  }

  get out(): string {
    return this.host.stdout.text;
  }

  get err(): string {
    return this.host.stderr.text;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.host[Symbol.asyncDispose]();
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`the server says where it listens, and ${signal} stops it cleanly with 0`, async () => {
    await using server = await ServerRun.open();
    const ended = server.run("--listen", "127.0.0.1:0", "--data", "d", "--max-connections", "7");
    await settled();
    assertEquals(server.out, "listening on 127.0.0.1:4711\n");
    assertEquals(server.isClosed, false);
    server.host.signal(signal);
    assertEquals(await ended, 0);
    assertEquals([server.isClosed, server.host.listens], [true, false]);
    const { address, dataFolder, maxConnections, trace } = server.served!;
    assertEquals({ address, dataFolder, maxConnections, trace }, {
      address: { host: "127.0.0.1", port: 0 },
      dataFolder: "d",
      maxConnections: 7,
      trace: undefined,
    });
  });
}

Deno.test("the server listens on 127.0.0.1:1300 with ./morsel-data unless told otherwise", async () => {
  await using server = await ServerRun.open();
  server.recovered = "Recovered: 1 unfinished upload kept";
  const ended = server.run();
  await settled();
  server.host.signal("SIGINT");
  await ended;
  assertEquals(server.served!.address, { host: "127.0.0.1", port: 1300 });
  assertEquals(server.served!.dataFolder, "./morsel-data");
  assertEquals(server.served!.scrubBytesPerSecond, 8 * 1024 ** 2);
  assertStringIncludes(server.err, "morsel: Recovered: 1 unfinished upload kept\n");
});

Deno.test("a second signal ends the server at once", async () => {
  await using server = await ServerRun.open();
  const ended = server.run();
  await settled();
  server.host.signal("SIGTERM");
  assertThrows(() => server.host.signal("SIGTERM"), Exited, "exit 143");
  await ended;
});

Deno.test("a signal while the server starts stops it as soon as it has", async () => {
  await using server = await ServerRun.open();
  const ended = server.run();
  server.host.signal("SIGINT");
  assertEquals(await ended, 0);
  assertEquals(server.isClosed, true);
});

Deno.test("what other machines can reach needs TLS and a token, or is warned of at each start", async () => {
  const auto = ["--tls", "auto"];
  const cases: [string[], boolean, string | undefined, string][] = [
    [[], true, "refused", "Other machines can reach 0.0.0.0:1300: add --tls auto so that nobody"],
    [auto, false, "refused", "first make a token: server.ts token create NAME; or add --insecure"],
    [auto, true, undefined, ""],
    [
      ["--insecure"],
      false,
      "warned",
      "everybody who can reach 0.0.0.0:1300 can read and write all",
    ],
    [["--insecure"], true, "warned", "without TLS everybody on the way to 0.0.0.0:1300 can read"],
    [["--insecure", ...auto], false, "warned", "everybody who can reach 0.0.0.0:1300 can read"],
  ];
  for (const [args, hasToken, outcome, says] of cases) {
    await using server = await ServerRun.open();
    server.hasToken = hasToken;
    const ended = server.run("--listen", "0.0.0.0", ...args);
    await settled();
    server.host.signal("SIGINT");
    assertEquals(await ended, outcome === "refused" ? 2 : 0, args.join(" "));
    assertEquals(server.served === undefined, outcome === "refused");
    assertEquals(server.err.includes("Warning: "), outcome === "warned");
    assertStringIncludes(server.err, says);
  }
});

Deno.test("the options for TLS reach the server, whose address for clients is printed", async () => {
  const cases: [string[], ServeProgramOptions["tls"]][] = [
    [["--tls", "auto"], { certificate: "auto", names: [] }],
    [
      ["--tls", "auto", "--tls-name", "a.example", "--tls-name", "10.0.0.9"],
      { certificate: "auto", names: ["a.example", "10.0.0.9"] },
    ],
    [
      ["--tls-cert", "c", "--tls-key", "k", "--tls-client-ca", "a"],
      { certificate: { certFile: "c", keyFile: "k" }, clientCaFile: "a" },
    ],
  ];
  for (const [args, tls] of cases) {
    await using server = await ServerRun.open();
    server.tlsAddress = "morsels://127.0.0.1:4711/#ca=MI";
    const ended = server.run(...args);
    await settled();
    server.host.signal("SIGINT");
    assertEquals(await ended, 0);
    assertEquals(server.served!.tls, tls);
    assertStringIncludes(server.out, "\nclients connect to morsels://127.0.0.1:4711/#ca=MI\n");
  }
});

Deno.test("the server tells in one line why it cannot start", async () => {
  const faults: [Error, number, string][] = [
    [
      new MorselError("connection", "Cannot listen on 127.0.0.1:1300: Address already in use"),
      8,
      "Cannot listen on 127.0.0.1:1300: Address already in use; choose another place with --listen",
    ],
    [new MorselError("busy", "The data folder is in use"), 8, "The data folder is in use"],
    [new MorselError("storage", "Cannot make the folder"), 1, "Cannot make the folder"],
    [
      notCapable('Requires net access to "127.0.0.1:1300", run again with the --allow-net flag'),
      2,
      'Network access to "127.0.0.1:1300" is not permitted: run again with --allow-net, ' +
      "or with -A for all permissions",
    ],
  ];
  for (const [fault, exitCode, message] of faults) {
    await using server = await ServerRun.open();
    server.fault = fault;
    assertEquals(await server.run(), exitCode);
    assertEquals([server.out, server.err], ["", `morsel: ${message}\n`]);
  }
});

Deno.test("check reads a data folder, prints each damage and ends with 7 if there is any", async () => {
  await using server = await ServerRun.open();
  assertEquals(await server.run("check"), 0);
  assertEquals(server.out, "Checked 1,234 contents of 5.0 GiB: no damage\n");
  assertEquals([server.checked!.dataFolder, server.served], ["./morsel-data", undefined]);
  server.damage = ["a: block 1 is damaged", "b\u202e: its blob is missing"];
  assertEquals(await server.run("check", "--data", "d"), 7);
  assertEquals(server.checked!.dataFolder, "d");
  assertStringIncludes(
    server.out,
    "a: block 1 is damaged\nb\\u202e: its blob is missing\n" +
      "Checked 1,234 contents of 5.0 GiB: 2 damaged\n",
  );
});

Deno.test("a signal stops a check, which has not found the data whole then", async () => {
  await using server = await ServerRun.open();
  server.checking = new Promise(() => {});
  const ended = server.run("check");
  await settled();
  server.host.signal("SIGINT");
  assertEquals(await ended, 130);
  assertEquals(server.out, "");
  assertStringIncludes(server.err, "Stopped before everything was checked");
});

for (const [text, rate] of [["0", 0], ["5", 5], ["64k", 65536], ["20M", 20 * 1024 ** 2]] as const) {
  Deno.test(`the rate of the scrub ${text} is ${rate} bytes a second`, async () => {
    await using server = await ServerRun.open();
    const ended = server.run("--scrub", text);
    await settled();
    server.host.signal("SIGINT");
    await ended;
    assertEquals(server.served!.scrubBytesPerSecond, rate);
  });
}

Deno.test("--limit-rate is what all connections together may move", async () => {
  for (
    const [args, rate] of [[[], undefined], [["--limit-rate", "10M"], 10 * 1024 ** 2]] as const
  ) {
    await using server = await ServerRun.open();
    const ended = server.run(...args);
    await settled();
    server.host.signal("SIGINT");
    await ended;
    assertEquals(server.served!.limitBytesPerSecond, rate);
  }
});

Deno.test("the server refuses what it does not know", async () => {
  const mistakes: [string[], string][] = [
    [["--lisen", "x"], 'Unknown option "--lisen". Did you mean --listen?'],
    [["serve"], 'takes options, or the word check or token, but not "serve"'],
    [["check", "a"], 'but not "a"'],
    [["check", "--listen", "1"], "check takes --data only, but not --listen"],
    [["--limit-rate", "0"], '--limit-rate "0" is below 16K, the least there is'],
    [["check", "--limit-rate", "1M"], "check takes --data only, but not --limit-rate"],
    [["--scrub", "fast"], '--scrub "fast" is not a rate such as 20M'],
    [["--listen", "a:b"], "is not HOST:PORT"],
    [["--max-connections", "0"], "is not a whole number"],
    [["--workers", "0"], "is not a whole number"],
    [["--workers", "4", "--limit-rate", "32K"], "workers share --limit-rate"],
    [["--data"], "--data needs a value"],
    [["--tls", "on"], '--tls is auto, but not "on"'],
    [["--tls-cert", "c"], "--tls-cert and --tls-key belong together; give both"],
    [["--tls", "auto", "--tls-cert", "c", "--tls-key", "k"], "Both --tls auto and --tls-cert"],
    [["--tls-name", "n"], "--tls-name is for certificates that --tls auto makes"],
    [["--tls-client-ca", "c"], "--tls-client-ca needs TLS; add --tls auto"],
    [["check", "--tls", "auto"], "check takes --data only, but not --tls"],
  ];
  for (const [args, message] of mistakes) {
    await using server = await ServerRun.open();
    assertEquals(await server.run(...args), 2, args.join(" "));
    assertStringIncludes(server.err, message);
  }
});

Deno.test("the server prints help with every option, and its version", async () => {
  await using server = await ServerRun.open();
  assertEquals(await server.run("--help"), 0);
  for (const { name, summary } of SERVER_OPTIONS) {
    assertStringIncludes(server.out, `--${name}`);
    assertStringIncludes(server.out, summary);
  }
  assertEquals(await server.run("--version"), 0);
  assertStringIncludes(server.out, "morsel-server 1.2.3\n");
});

Deno.test("the server's faults and its trace go to standard error", async () => {
  await using server = await ServerRun.open();
  const ended = server.run("--trace");
  await settled();
  server.served!.onError!(new MorselError("storage", "Cannot read a blob"));
  server.served!.trace!("C: Ping tag=1");
  server.host.signal("SIGINT");
  await ended;
  assertStringIncludes(server.err, "morsel: Cannot read a blob\nC: Ping tag=1\n");
});

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

Deno.test("metrics are for loopback and need a port, unless --insecure says otherwise", async () => {
  for (const wrong of ["127.0.0.1", "0.0.0.0:9130"]) {
    await using server = await ServerRun.open();
    assertEquals(await server.run("--metrics", wrong), 2);
    assertStringIncludes(server.err, wrong === "127.0.0.1" ? "needs a port" : "no TLS");
    assertEquals(server.served, undefined);
  }
  await using server = await ServerRun.open();
  const ended = server.run("--metrics", "[::1]:9130");
  await settled();
  assertEquals(server.served?.metrics, { host: "::1", port: 9130 });
  server.host.signal("SIGTERM");
  await ended;
});

Deno.test("--workers is for systems where processes can share a port", async () => {
  await using server = await ServerRun.open();
  const ended = server.run("--workers", "3");
  await settled();
  assertEquals(server.served!.workers, 3);
  server.host.signal("SIGTERM");
  assertEquals(await ended, 0);
  await using elsewhere = await ServerRun.open();
  elsewhere.host.sharesPorts = false;
  assertEquals(await elsewhere.run("--workers", "2"), 2);
  assertEquals(elsewhere.served, undefined);
  assertStringIncludes(elsewhere.err, "cannot share a port on this system; start the server with");
});
