// Whose files there are in a simulated world: in some worlds part of all changes is made by an owner with a quota,
// which it must never exceed, and which must be whole again when nothing is under way.

import { MorselError } from "../../lib/base/errors.ts";
import { checkName } from "../../lib/base/names.ts";
import { EVERYBODY, type Principal } from "../../lib/base/principal.ts";
import type { Catalog } from "../../lib/store/catalog.ts";
import type { FileStore } from "../../lib/store/file_store.ts";
import type { SimRandom } from "./random.ts";
import type { World } from "./world.ts";

/** A name that no client uses. */
const PROBE = "probe";

/** The owner with a quota of one world. */
export class SimOwners {
  /** Undefined where nobody has a quota. */
  readonly limited: Principal | undefined;
  readonly #random: SimRandom;

  constructor(random: SimRandom) {
    this.#random = random;
    this.limited = random.chance(0.3)
      ? {
        ...EVERYBODY,
        name: "limited",
        quotaBytes: random.pick([70_000, 300_000, 1_000_000, 4_000_000]),
        quotaFiles: random.pick([undefined, 1, 2]),
      }
      : undefined;
  }

  /** The store as a server is to serve it: who asks is decided by chance. */
  serve(store: FileStore): FileStore {
    const { limited } = this;
    if (!limited) return store;
    const who = () => this.#random.chance(0.7) ? limited : EVERYBODY;
    const beginUpload: FileStore["beginUpload"] = (request) =>
      store.beginUpload({ ...request, by: who() });
    const copy: FileStore["copy"] = (from, to, condition) => store.copy(from, to, condition, who());
    return new Proxy(store, {
      get: (_, property) => {
        if (property === "beginUpload") return beginUpload;
        if (property === "copy") return copy;
        const member = Reflect.get(store, property);
        return typeof member === "function" ? member.bind(store) : member;
      },
    });
  }

  /** The catalog as a store is to have it: no change may lead beyond the quota. */
  guard(catalog: Catalog, world: World): Catalog {
    if (!this.limited) return catalog;
    const changes = new Set<string | symbol>(["commit", "link", "remove"]);
    return new Proxy(catalog, {
      get: (_, property) => {
        const member = Reflect.get(catalog, property);
        if (!changes.has(property)) return member;
        return async (...values: unknown[]) => {
          const result = await member(...values);
          await this.#insistOnQuota(world);
          return result;
        };
      },
    });
  }

  /**
   * Nothing is under way any more: ends all uploads that are left, and looks whether exactly what is left of the
   * quota can be had.
   */
  async probe(world: World, store: FileStore): Promise<void> {
    const by = this.limited;
    if (!by) return;
    await this.#insistOnQuota(world);
    for await (const { id } of store.uploads()) await store.abortUpload(id);
    const { files, bytes } = await usageOf(world, by);
    const begin = async (declaredSize: number) => {
      const about = {
        name: PROBE,
        condition: { kind: "any" },
        modifiedMs: 0,
        metadata: {},
      } as const;
      try {
        await (await store.beginUpload({ ...about, declaredSize, by })).abort();
        return "fits";
      } catch (thrown) {
        if (thrown instanceof MorselError && thrown.code === "quota") return "quota";
        throw thrown;
      }
    };
    const isRoom = by.quotaFiles === undefined || files < by.quotaFiles;
    const free = by.quotaBytes! - bytes;
    const found = [await begin(free), await begin(free + 1)].join();
    if (found === (isRoom ? "fits,quota" : "quota,quota")) return;
    world.report(`Of the quota ${free} bytes are left, and of so many and one more: ${found}`);
  }

  async #insistOnQuota(world: World): Promise<void> {
    const { quotaBytes = Infinity, quotaFiles = Infinity } = this.limited!;
    const { files, bytes } = await usageOf(world, this.limited!);
    if (files <= quotaFiles && bytes <= quotaBytes) return;
    world.report(
      `${files} files of ${bytes} bytes are over a quota of ${quotaFiles}, ${quotaBytes}`,
    );
  }
}

/** Counted anew by the catalog of simulations, each time. */
async function usageOf(world: World, { name }: Principal) {
  return (await world.catalog.engine.account(name, checkName(PROBE))).owner;
}
