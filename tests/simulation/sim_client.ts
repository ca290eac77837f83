// A client of a simulated world: does one thing after the other with the same few names as the others, and
// notes what it was told.

import { equals } from "@std/bytes";
import { type ErrorCode, ERRORS, MorselError } from "../../lib/base/errors.ts";
import { checkName } from "../../lib/base/names.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import type { FileInfo, GetOptions } from "../../lib/client/types.ts";
import type { Expected, Intent, Operation, Seen } from "./history.ts";
import { openClient } from "./open_client.ts";
import { putSource } from "./put_sources.ts";
import type { SimRandom } from "./random.ts";
import { SimProcess } from "./sim_clock.ts";
import type { SimServer } from "./sim_server.ts";
import { LAST_LOOK_MS, type World } from "./world.ts";

/** How often clients do what. */
const WEIGHTS = {
  everything: { put: 10, get: 6, range: 3, stat: 2, list: 2, remove: 2, move: 2, copy: 2 },
  uploads: { put: 10, get: 2, range: 1, stat: 1, list: 1, remove: 1, move: 0, copy: 0 },
};

/** Errors of which a fault, another client or the caller's own wish is the reason. */
const EXPECTED: readonly ErrorCode[] = [
  ...["not_found", "conflict", "gone", "fenced", "cancelled", "connection", "deadline"] as const,
  ...["busy", "draining", "storage", "no_space"] as const,
];
/** Errors after which nobody knows whether the change was made, or will be. */
const UNKNOWN: readonly string[] = ["connection", "deadline", "storage", "internal", "aborted"];

/** A client and its process. */
export class SimClient {
  readonly #world: World;
  readonly #server: SimServer;
  readonly #process: SimProcess;
  readonly #random: SimRandom;
  readonly #retryMs: number;
  #client: FileClient | undefined;
  /** What it is at. */
  #current: Operation | undefined;
  /** The version it saw last of each name, for conditions. */
  readonly #known = new Map<string, number>();

  constructor(name: string, world: World, server: SimServer) {
    this.#world = world;
    this.#server = server;
    this.#process = new SimProcess(name, world.clock);
    this.#random = world.random.fork();
    this.#retryMs = this.#random.pick([0, 5_000, 60_000]);
  }

  /** Does so many things, then closes, and looks for what is left behind. */
  async run(count: number): Promise<void> {
    const restMs = this.#random.pick([1, 100, 3000]);
    for (let index = 0; index < count; index++) {
      await this.#process.wait(this.#random.between(0, restMs));
      const client = await this.#connected();
      if (client) await this.#act(client);
    }
    await this.#client?.close();
    await this.#process.wait(LAST_LOOK_MS);
    const { timers, name } = this.#process;
    if (timers > 0) this.#world.report(`${name} left ${timers} timers`);
    const links = this.#world.network.links.filter((link) => link.isOpenAt(this.#process));
    if (links.length > 0) this.#world.report(`${name} left ${links.length} connections`);
  }

  async #connected(): Promise<FileClient | undefined> {
    try {
      return this.#client ??= await openClient(this.#world, {
        process: this.#process,
        random: this.#random.fork(),
        retryMs: this.#retryMs,
        onRepeat: () => {
          if (this.#current) this.#current.repeated++;
        },
      });
    } catch (thrown) {
      this.#world.log(this.#process.name, `cannot connect: ${thrown}`);
      if (!(thrown instanceof MorselError) || !EXPECTED.includes(thrown.code)) {
        this.#world.report(`Connecting failed: ${thrown}`);
      }
      return undefined;
    }
  }

  #act(client: FileClient): Promise<void> {
    const random = this.#random;
    const kind = random.weighed(WEIGHTS[this.#world.focus]);
    const name = random.pick(this.#world.names);
    switch (kind) {
      case "put":
        return this.#put(client, name);
      case "get":
        return this.#get(client, name, {});
      case "range":
        return this.#get(client, name, {
          start: random.magnitude(100_000),
          end: random.magnitude(1e6),
        });
      case "stat":
        return this.#do(
          { kind: "stat", name },
          async (signal) => [await client.stat(name, { signal })],
        );
      case "list":
        return this.#list(client);
      case "remove": {
        const expected = this.#expected(name, { ifAbsent: 0 });
        return this.#do(
          { kind: "remove", name, expected },
          async (signal) => [await client.remove(name, { ...expected, signal })],
        );
      }
      case "move":
      case "copy": {
        const to = random.pick(this.#world.names.filter((other) => other !== name));
        if (kind === "copy" && keyOf(to) === keyOf(name)) return this.#list(client);
        const expected = this.#expected(to, { ifAbsent: 0.2 });
        return this.#do(
          { kind, name, to, expected },
          async (signal) => [await client[kind](name, to, { ...expected, signal })],
        );
      }
    }
  }

  async #put(client: FileClient, name: string): Promise<void> {
    const { bytes, digest } = this.#world.contents.next();
    const expected = this.#expected(name, { ifAbsent: 0.2 });
    const chunkSize = this.#chunkSize(bytes.length);
    this.#world.onPut();
    await this.#do(
      { kind: "put", name, digest, size: bytes.length, expected },
      async (signal) => [
        await client.put(name, putSource(bytes, { random: this.#random, process: this.#process }), {
          ...expected,
          ...(this.#random.chance(0.7) && { size: bytes.length }),
          // Each content has its time: two clients that put the same one take the upload from each other.
          ...(this.#world.focus === "uploads" && { modifiedMs: parseInt(digest.slice(0, 8), 16) }),
          onEvent: (event) => this.#world.log(this.#process.name, JSON.stringify(event)),
          signal,
          chunkSize,
        }),
      ],
    );
  }

  async #get(client: FileClient, name: string, range: GetOptions): Promise<void> {
    await this.#do({ kind: "get", name, size: 1e6 }, async (signal) => {
      const download = await client.get(name, {
        ...range,
        signal,
        chunkSize: this.#chunkSize(1e6),
      });
      const { file, start, end } = download;
      const bytes = await download.bytes();
      const content = this.#world.contents.find(file.digest);
      if (!content) this.#world.report(`${file.name} has a content that nobody put`);
      else if (!equals(bytes, content.bytes.subarray(start, end))) {
        this.#world.report(`get gave other bytes than those of version ${file.version}`);
      }
      return [file];
    });
  }

  async #list(client: FileClient): Promise<void> {
    const prefix = this.#random.pick(["", "", "b/"]);
    const pageSize = this.#random.pick([1, 2, 1000]);
    await this.#do({ kind: "list", name: prefix }, async (signal) => {
      const files: FileInfo[] = [];
      for await (const file of client.list({ prefix, pageSize, signal })) files.push(file);
      const keys = files.map(({ name }) => keyOf(name));
      const sorted = keys.every((key, index) => index === 0 || keys[index - 1]! < key);
      if (!sorted) this.#world.report(`list gave ${JSON.stringify(keys)}`);
      return files;
    });
  }

  /** Does a thing, notes how it ended, and draws the consequences. */
  async #do(
    about: { name: string; to?: string } & Omit<Intent, "client" | "key" | "to">,
    work: (signal: AbortSignal) => Promise<FileInfo[]>,
  ): Promise<void> {
    const world = this.#world;
    const { name, to, ...intent } = about;
    const operation = world.history.begin({
      ...intent,
      client: this.#process.name,
      key: keyOf(name),
      ...(to !== undefined && { to: keyOf(to) }),
    }, world.clock.nowMs);
    const id = `#${world.history.operations.length} ${describe(about)}`;
    world.log(this.#process.name, id);
    this.#current = operation;
    const abort = new AbortController();
    const stopTimer = this.#random.chance(0.04)
      ? this.#process.timer(this.#random.magnitude(2000), () => abort.abort())
      : () => {};
    try {
      const files = await work(abort.signal);
      operation.seen = files.map(seenOf);
      operation.outcome = "done";
      for (const file of files) this.#known.set(keyOf(file.name), file.version);
    } catch (thrown) {
      await this.#fail(operation, thrown, abort.signal);
    }
    stopTimer();
    this.#current = undefined;
    operation.effectUntil = this.#effectUntil(operation);
    operation.end = world.history.tick();
    operation.endMs = world.clock.nowMs;
    world.log(this.#process.name, `${id} -> ${outcomeOf(operation)}`);
  }

  async #fail(operation: Operation, thrown: unknown, signal: AbortSignal): Promise<void> {
    const isAbort = signal.aborted && thrown === signal.reason;
    const error = thrown instanceof MorselError ? thrown : undefined;
    const code = operation.code = isAbort ? "aborted" : error?.code ?? "internal";
    operation.outcome = UNKNOWN.includes(code) ? "unknown" : "refused";
    if (code === "conflict") operation.current = Number(error?.detail.current);
    if (code !== "aborted" && !this.#isPlausible(operation, code)) {
      this.#world.report(`${operation.kind} ${operation.key} failed with ${code}: ${thrown}`);
    }
    if (code === "aborted" || (code !== "internal" && ERRORS[code].sessionLives)) return;
    // Some programs go on with a client that has lost its connection, some take a new one.
    if (this.#random.chance(0.5)) return;
    await this.#client?.close();
    this.#client = undefined;
  }

  /** Whether there is a reason why this may have failed so. */
  #isPlausible({ kind }: Operation, code: ErrorCode): boolean {
    const world = this.#world;
    if (code === "invalid") return kind === "get"; // a range behind the end
    if (code === "quota") return world.owners.limited !== undefined;
    if (code === "no_space") return world.had("full disk");
    if (code === "storage") return world.had("sick disk");
    if (code === "connection" || code === "deadline" || code === "draining") {
      return world.faults.size > 0;
    }
    return EXPECTED.includes(code);
  }

  /** A server that is gone does nothing more; a disk that failed may show a change after its next start. */
  #effectUntil({ code }: Operation): () => number {
    return code === "storage" ? () => Infinity : this.#server.effectUntil;
  }

  #expected(name: string, { ifAbsent }: { ifAbsent: number }): Expected {
    if (this.#random.chance(ifAbsent)) return { ifAbsent: true };
    const known = this.#known.get(keyOf(name));
    return known !== undefined && this.#random.chance(0.2) ? { ifVersion: known } : {};
  }

  #chunkSize(size: number): number {
    return this.#random.pick(size < 3000 ? [1, 7, 1300, 65536] : [1300, 1300, 4096, 65536]);
  }
}

function keyOf(name: string): string {
  return name === "" || name.endsWith("/") ? name : new TextDecoder().decode(checkName(name).key);
}

function seenOf({ name, version, digest }: FileInfo): Seen {
  return { key: keyOf(name), version, digest };
}

function describe(
  { kind, name, to, size, expected }: { kind: string; name: string; to?: string } & Partial<Intent>,
): string {
  return [
    kind,
    JSON.stringify(name),
    to === undefined ? "" : `to ${JSON.stringify(to)}`,
    kind === "put" ? `${size} bytes` : "",
    expected?.ifAbsent ? "if absent" : "",
    expected?.ifVersion === undefined ? "" : `if version ${expected.ifVersion}`,
  ].filter((word) => word !== "").join(" ");
}

function outcomeOf({ outcome, code, seen }: Operation): string {
  if (outcome !== "done") return `${outcome}: ${code}`;
  return seen.map(({ key, version }) => `${key}@${version}`).join(" ") || "nothing";
}
