// A whole server in memory for some hundreds of cases, under a clock that runs as fast as it can. Whoever does
// what it likes to it, at the end each of its files is whole, and it served honest clients meanwhile.

import { assert, assertEquals } from "@std/assert";
import { equals } from "@std/bytes";
import { setImmediate } from "node:timers";
import type { Clock } from "../../lib/base/clock.ts";
import { toHex } from "../../lib/base/hex.ts";
import type { FileClient } from "../../lib/client/file_client.ts";
import type { Limits } from "../../lib/protocol/limits.ts";
import type { Catalog, NewFile } from "../../lib/store/catalog.ts";
import { RIGHTS } from "../../lib/base/principal.ts";
import { TokenStore } from "../../lib/store/token_store.ts";
import { contentOf, digestOf } from "../support/content.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { type MemoryServer, memoryServer } from "../support/memory_server.ts";
import { makeToken, memoryTokens } from "../support/tokens.ts";
import { LIMITED_NAMES, type LimitedName, LIMITS, PLACED, placedContent } from "./limited.ts";

/** Short, so that few steps of the clock pass each deadline, and bounds are reached. */
export const FUZZ_LIMITS: Partial<Limits> = {
  window: 256 * 1024,
  maxRequests: 16,
  maxUploads: 4,
  idleMs: 2000,
  stallMs: 1000,
};
/** Longer than any wait: a rate is measured over a minute. */
const LONGEST_MS = 120_000;
/** How far the clock goes at a time. */
const STEP_MS = 500;
/** Turns of the event loop in which what needs no time is done. */
const TURNS = 100;

/** What a test breaks on purpose. */
export interface Plant {
  readonly catalog?: (catalog: MemoryCatalog) => Catalog;
  readonly clock?: (clock: FakeClock) => Clock;
  readonly tokens?: (tokens: TokenStore) => TokenStore;
}

/** A server to be fuzzed; disposing it ends it. */
export class Arena implements AsyncDisposable {
  readonly server: MemoryServer;
  readonly clock: FakeClock;
  readonly #token: string | undefined;
  /** Of those who may not do everything; none where no token is asked for. */
  readonly #limited: ReadonlyMap<LimitedName, string>;
  #honest = 0;

  private constructor(
    server: MemoryServer,
    clock: FakeClock,
    { token, limited }: {
      readonly token: string | undefined;
      readonly limited: ReadonlyMap<LimitedName, string>;
    },
  ) {
    this.server = server;
    this.clock = clock;
    this.#token = token;
    this.#limited = limited;
  }

  /** Whether nobody is let in without a token. */
  get asks(): boolean {
    return this.#token !== undefined;
  }

  /** The text of a limited token. */
  tokenOf(name: LimitedName): string {
    const token = this.#limited.get(name);
    assert(token, "this server asks for no tokens");
    return token;
  }

  /** With `asks` it lets nobody in without a token. */
  static async open({ asks = false, plant = {} as Plant } = {}): Promise<Arena> {
    const clock = new FakeClock();
    const planted = plant.clock?.(clock) ?? clock;
    const tokens = asks ? memoryTokens(clock) : undefined;
    const token = tokens && await makeToken(tokens, "honest", RIGHTS);
    const limited = new Map<LimitedName, string>();
    for (const name of tokens ? LIMITED_NAMES : []) {
      const { rights, prefix } = LIMITS[name];
      limited.set(name, await makeToken(tokens!, name, [...rights], { prefix }));
    }
    const catalog = new MemoryCatalog(clock);
    const server = await memoryServer({
      clock: planted,
      clientClock: clock,
      limits: FUZZ_LIMITS,
      catalog: plant.catalog?.(catalog) ?? catalog,
      ...(tokens && { tokens: plant.tokens?.(tokens) ?? tokens }),
    });
    const arena = new Arena(server, clock, { token, limited });
    if (asks) await arena.#place();
    await arena.serveHonest();
    return arena;
  }

  /** Waits for `work` while time goes by; throws when it does not end. */
  async within<T>(what: string, work: PromiseLike<T>): Promise<T> {
    let isOver = false;
    const end = () => void (isOver = true);
    work.then(end, end);
    for (let turn = 0; turn < TURNS && !isOver; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    for (let waitedMs = 0; !isOver; waitedMs += STEP_MS) {
      if (waitedMs > LONGEST_MS) throw new Error(`${what} did not end in ${LONGEST_MS} ms`);
      await this.clock.advance(STEP_MS);
    }
    return await work;
  }

  /** A client that behaves puts a file, gets it, and has the same. */
  async serveHonest(): Promise<void> {
    await this.#asHonest("an honest client", async (client) => {
      const name = `honest ${this.#honest}`;
      const content = contentOf([1300, 70_000][this.#honest % 2]!, this.#honest++);
      await client.put(name, content);
      const bytes = await (await client.get(name)).bytes();
      assert(equals(bytes, content), "an honest client got other bytes");
      await client.remove(name);
    });
    assertEquals(this.server.errors, [], "the server met a fault of its own");
  }

  /** Nothing was committed that its digest does not prove. */
  async judge(): Promise<void> {
    await this.#asHonest("a look at all files", async (client) => {
      for await (const { name, size, digest } of client.list()) {
        const bytes = await (await client.get(name)).bytes();
        assertEquals(size, bytes.length);
        assertEquals(digest, toHex(digestOf(bytes)), `${name} is not what was committed`);
      }
    });
  }

  /** Puts what limited tokens may not see, and what they may: files, and an upload that nobody has finished. */
  async #place(): Promise<void> {
    await this.#asHonest("the files at first", async (client) => {
      for (const name of Object.keys(PLACED)) await client.put(name, placedContent(name));
    });
    const upload = await this.server.store.beginUpload({
      name: "big",
      condition: { kind: "any" },
      declaredSize: 500_000,
      modifiedMs: 0,
      metadata: {},
    });
    await upload.write(contentOf(200_000), 0);
    await upload.checkpoint();
    await upload.detach();
  }

  async #asHonest(what: string, work: (client: FileClient) => Promise<void>): Promise<void> {
    // A proof takes real time, in which the clock must not run away.
    await using client = await this.server.connect(this.#token);
    await this.within(what, work(client));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.within("the end of the server", this.server[Symbol.asyncDispose]());
  }
}

/** A catalog that takes contents for what they are not, but for those of honest clients. */
export function unproven(catalog: MemoryCatalog): Catalog {
  const commit = (file: NewFile) => {
    const { name } = file.name;
    const isHonest = name.startsWith("honest") || file.size === PLACED[name];
    const digest = isHonest ? file.digest : new Uint8Array(32);
    return MemoryCatalog.prototype.commit.call(catalog, { ...file, digest });
  };
  return Object.assign(catalog, { commit });
}

/** Tokens that are told what they are, but may do everything. */
export function unlimited(tokens: TokenStore): TokenStore {
  const find = (name: string) => {
    const found = TokenStore.prototype.find.call(tokens, name);
    return found && { ...found, rights: new Set(RIGHTS), prefix: "" };
  };
  return Object.assign(tokens, { find });
}

/** A clock that forgets to ring. */
export function silent(clock: FakeClock): Clock {
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    timer: () => () => {},
    holdingTimer: () => () => {},
    soon: (task) => clock.soon(task),
  };
}
