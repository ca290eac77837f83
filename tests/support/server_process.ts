// The server as a process of its own, which a test can stop in any way and at any moment.

const ROOT = new URL("../../", import.meta.url).pathname;

/** How a server process is started. */
export interface ServerProcessOptions {
  readonly dataFolder: string;
  /** Where it listens on loopback; any free port by default. */
  readonly port?: number;
  /** More of the command line. */
  readonly args?: readonly string[];
  /** Flags of the runtime. */
  readonly flags?: readonly string[];
  /** The program, relative to the root; `server.ts` by default. It prints `listening on HOST:PORT`. */
  readonly program?: string;
  /** The program as it is to be started; by default `program` is, on this Deno. */
  readonly command?: readonly string[];
}

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly err: string;
}

/** A server that was started; disposing it kills it. */
export class ServerProcess implements AsyncDisposable {
  readonly pid: number;
  /** Its `host:port` once it listens; undefined when it ended before. */
  readonly listening: Promise<string | undefined>;
  /** Settles when it is gone. Never rejects. */
  readonly ended: Promise<Ended>;
  readonly #child: Deno.ChildProcess;

  /** Starts it without waiting: it may be stopped before it listens. */
  constructor(options: ServerProcessOptions) {
    const { dataFolder, port = 0, args = [], flags = [], program = "server.ts" } = options;
    // Deno itself, not a task or a shell around it: a signal must hit the server.
    const deno = [Deno.execPath(), "run", "-A", `--config=${ROOT}deno.json`, ...flags];
    const [first, ...rest] = options.command ?? [...deno, `${ROOT}${program}`];
    this.#child = new Deno.Command(first!, {
      args: [...rest, "--listen", `127.0.0.1:${port}`, "--data", dataFolder, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.pid = this.#child.pid;
    this.listening = this.#readAddress();
    this.ended = this.#end();
  }

  /** Starts one and waits until it listens. Throws what it said when it does not. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess & { address: string }> {
    const server = new ServerProcess(options);
    const address = await server.listening;
    if (address === undefined) {
      throw new Error(`The server did not start: ${(await server.ended).err}`);
    }
    return Object.assign(server, { address });
  }

  /** Sends a signal; harmless once it is gone. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  /** Resident memory in KiB; undefined where the system does not tell it the way Linux does. */
  residentKiB(): number | undefined {
    try {
      const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }

  async #readAddress(): Promise<string | undefined> {
    const reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let address: string | undefined;
    // Read to its end in any case, so that the pipe is closed with the process.
    for (let { value, done } = await reader.read(); !done;) {
      text += value;
      address = /^listening on (\S+)\n/m.exec(text)?.[1];
      if (address !== undefined) break;
      ({ value, done } = await reader.read());
    }
    void drain(reader);
    return address;
  }

  async #end(): Promise<Ended> {
    const [err, { code, signal }] = await Promise.all([
      new Response(this.#child.stderr).text(),
      this.#child.status,
    ]);
    await this.listening;
    return { code, signal, err };
  }
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  for (let done = false; !done;) ({ done } = await reader.read());
}

/**
 * A port that is free now, below those that systems give to outgoing connections: a client that tries a
 * server which is down must not find itself at the other end.
 */
export function freePort(random: () => number): number {
  for (;;) {
    const port = 10_000 + Math.floor(random() * 20_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch {
      // Somebody has it.
    }
  }
}
