// `deno task tls-demo`: a server with --tls auto and tokens on an outside address in one network namespace, a client
// in another that is given the line it prints and a token, each refusal, and a capture of what goes between them.
// Needs root, `ip` and `tcpdump`.

import { outputOf } from "../bench/measure/command.ts";
import { contentOf } from "./support/content.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const [SERVER, CLIENT] = ["morsel-tls-server", "morsel-tls-client"];
const SERVER_ADDRESS = "10.131.0.2";
const CONTENT = `the secret content, ${"again and again, ".repeat(1000)}`;
const NAME = "the-secret-name.txt";
const PATIENCE_MS = 60_000;

const folder = await Deno.makeTempDir({ prefix: "morsel-tls-demo-" });
const data = `${folder}/data`;
try {
  await using _hosts = await openHosts();
  await demonstrate();
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function demonstrate(): Promise<void> {
  await serverCommand("--listen", "0.0.0.0:0", "--data", data);
  await serverCommand("--listen", "0.0.0.0:0", "--data", data, "--tls", "auto");
  const create = (...args: string[]) => serverCommand("token", "create", ...args, "--data", data);
  const token = await create("me", "--allow", "read,list,write,delete");
  const guest = await create("guest", "--allow", "read,list", "--prefix", "public/");
  const capture = `${folder}/capture`;
  const tcpdump = start(SERVER!, ["tcpdump", "-U", "-i", "veth0", "-w", capture], "stderr");
  await lineOf(tcpdump.stderr, /listening on/);
  const args = ["--listen", "0.0.0.0:0", "--tls", "auto", "--data", data];
  const server = start(SERVER!, ["deno", "run", "-A", `${ROOT}server.ts`, ...args], "stdout");
  try {
    const line = await lineOf(server.stdout, /^clients connect to .*/m);
    const address = line.replace("clients connect to ", "");
    await print(`the server says: ${line}`);
    await Deno.writeTextFile(`${folder}/${NAME}`, CONTENT);
    await Deno.writeFile(`${folder}/large`, contentOf(8_000_000));
    const given = { address, token };
    await client(given, "put", NAME, "large");
    await client(given, "ls", "-l");
    await client(given, "get", NAME, "-o", "back");
    const isSame = await Deno.readTextFile(`${folder}/back`) === CONTENT;
    await print(isSame ? "what came back is the same" : "what came back is NOT the same");
    const plain = address.replace(/^morsels:\/\/([^/]*).*/, "$1");
    await client({ address: plain, token }, "ls");
    await client({ address: `morsels://${plain}`, token }, "ls");
    await client({ address }, "ls");
    await client({ address, token: token.replace(/.{8}$/, "00000000") }, "ls");
    await client({ address, token: guest }, "get", NAME);
    await client({ address, token: guest }, "put", NAME, "--as", "public/a");
    await serverCommand("token", "revoke", "me", "--data", data);
    await client(given, "ls");
  } finally {
    server.kill("SIGTERM");
    await server.status;
    tcpdump.kill("SIGINT");
    await tcpdump.status;
  }
  await search(await Deno.readFile(capture), [token, guest]);
}

/** Runs the server's program to its end on the server's host, and shows it; returns its result. */
async function serverCommand(...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await new Deno.Command("ip", {
    args: ["netns", "exec", SERVER!, "deno", "run", "-A", `${ROOT}server.ts`, ...args],
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  const [result, words] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  await print(`server$ morsel-server ${args.join(" ")}\n${words}\n(exit ${code})`);
  return result!;
}

/** Runs a command of the client on the other host, and shows it. */
async function client(
  { address, token }: { address: string; token?: string },
  ...args: string[]
): Promise<void> {
  const { stdout, stderr, code } = await new Deno.Command("ip", {
    args: ["netns", "exec", CLIENT!, "deno", "run", "-A", `${ROOT}client.ts`, ...args],
    cwd: folder,
    env: { NO_COLOR: "1", MORSEL_SERVER: address, ...(token && { MORSEL_TOKEN: token }) },
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  await print(
    `${address.slice(0, 40)}$ morsel ${args.join(" ")}\n${text.trimEnd()}\n(exit ${code})`,
  );
}

/** Looks for what nobody on the way may see. */
async function search(capture: Uint8Array, tokens: readonly string[]): Promise<void> {
  const text = new TextDecoder("latin1").decode(capture);
  const large = new TextDecoder("latin1").decode(contentOf(8_000_000).subarray(0, 32));
  const secrets = {
    content: "secret content",
    name: "secret-name",
    large,
    ...Object.fromEntries(
      tokens.map((token, index) => [`token ${index + 1}`, token.split("_").at(-1)!]),
    ),
  };
  await print(`captured: ${capture.length} bytes`);
  for (const [what, secret] of Object.entries(secrets)) {
    const isSeen = text.includes(secret);
    await print(`${what}: ${isSeen ? "SEEN in the capture" : "not in the capture"}`);
    if (isSeen) Deno.exitCode = 1;
  }
}

/** Two hosts with a cable between them; disposing removes both. */
async function openHosts(): Promise<AsyncDisposable> {
  const remove = async () => {
    for (const host of [SERVER, CLIENT]) await ip("netns", "del", host!).catch(() => {});
  };
  try {
    for (const host of [SERVER, CLIENT]) await ip("netns", "add", host!);
    const cable = ["type", "veth", "peer", "name", "veth0", "netns", CLIENT!];
    await ip("-n", SERVER!, "link", "add", "veth0", ...cable);
    const ends = [[SERVER!, SERVER_ADDRESS], [CLIENT!, "10.131.0.1"]] as const;
    for (const [host, address] of ends) {
      await ip("-n", host, "addr", "add", `${address}/24`, "dev", "veth0");
      await ip("-n", host, "link", "set", "veth0", "up");
      await ip("-n", host, "link", "set", "lo", "up");
    }
    return { [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function start(host: string, words: string[], read: "stdout" | "stderr"): Deno.ChildProcess {
  const args = ["netns", "exec", host, ...words];
  const rest = read === "stdout" ? { stderr: "inherit" as const } : { stdout: "null" as const };
  return new Deno.Command("ip", { args, stdin: "null", [read]: "piped", ...rest }).spawn();
}

/** What a program says that matches. */
async function lineOf(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  let text = "";
  for await (
    const piece of stream.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })
  ) {
    text += piece;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined && text.endsWith("\n")) return found;
  }
  throw new Error(`It ended after ${text}`);
}

async function ip(...words: string[]): Promise<void> {
  await outputOf(["ip", ...words], { signal: AbortSignal.timeout(10_000) });
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}
