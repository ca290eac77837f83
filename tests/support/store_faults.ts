// Puts faults between a store and its engines: a hook runs before every call and may throw, wait, or do
// something else first. With it a test stops the world between any two durable steps.

import type { Blobs } from "../../lib/store/blobs.ts";
import type { Catalog } from "../../lib/store/catalog.ts";

/** Is told each call before it is made, as `commit`, `publish`, or `writer.sync`. */
export type Hook = (call: string) => void | Promise<void>;

/** A catalog that asks `hook` before each call, and `after` once a call has done its work. */
export function hookedCatalog(catalog: Catalog, hook: Hook, after?: Hook): Catalog {
  return hooked(catalog, hook, "", async (call, result) => {
    const value = await result;
    await after?.(call);
    return value;
  });
}

/** Blobs that ask `hook` before each call, also of their writers. */
export function hookedBlobs(blobs: Blobs, hook: Hook): Blobs {
  return hooked(blobs, hook, "", async (call, result) => {
    const writer = await result;
    const isWriter = (call === "create" || call === "reopen") && writer !== undefined;
    return isWriter ? hooked(writer as object, hook, "writer.") : writer;
  });
}

/** A hook that fails at the calls named, and at every call after the first of them: the power is off. */
export function powerOffAt(...calls: string[]): Hook {
  let off = false;
  return (call) => {
    off ||= calls.includes(call);
    if (off) throw new Error(`The power went off at ${call}`);
  };
}

function hooked<T extends object>(
  target: T,
  hook: Hook,
  before: string,
  wrap: (call: string, result: unknown) => unknown = (_, result) => result,
): T {
  return new Proxy(target, {
    get(_, property) {
      const member = Reflect.get(target, property, target);
      if (typeof member !== "function") return member;
      if (typeof property === "symbol") return member.bind(target);
      return async (...values: unknown[]) => {
        await hook(`${before}${property}`);
        return await wrap(property, member.apply(target, values));
      };
    },
  });
}
