// Bugs that the simulator must find, put between the store and what it stands on from outside: a simulator
// that finds nothing has to show that it could.

import { Link } from "../../lib/client/link.ts";
import type { Files, OpenFile } from "../../lib/runtime/files.ts";
import type { Catalog, ChangeLog, UploadHold } from "../../lib/store/catalog.ts";
import { Reservations } from "../../lib/store/reservations.ts";
import { Upload } from "../../lib/store/upload.ts";
import type { Plant } from "./sim_server.ts";

/** How long a catalog that acknowledges early takes to write what it has acknowledged, in milliseconds. */
const LATE_MS = 500;

/** Nothing that is written to a file is ever synced. */
export const droppedSync: Plant = {
  files: (files) =>
    wrapped<Files>(files, {
      open: async (path, mode) =>
        wrapped<OpenFile>(await files.open(path, mode), { sync: () => Promise.resolve() }),
    }),
};

/** Changes are answered first and written a little later. */
export const earlyAcknowledgement: Plant = {
  catalog: (catalog, world) => {
    const late =
      <V extends unknown[], T>(change: (...values: V) => Promise<T>) =>
      async (...values: V): Promise<T> => {
        const result = await change.apply(catalog, values);
        world.catalog.unsynced++;
        world.clock.at(LATE_MS, () => {
          if (world.catalog.unsynced > 0) world.catalog.unsynced--;
        });
        return result;
      };
    return wrapped<Catalog>(catalog, {
      commit: late(catalog.commit),
      remove: late(catalog.remove),
      link: late(catalog.link),
      forgetGarbage: late(catalog.forgetGarbage),
    });
  },
};

/** Now and then a change wakes nobody. */
export const forgottenWake: Plant = {
  catalog: (catalog, world) => {
    const onChange = (listener: () => void) =>
      catalog.log.onChange(() => world.clock.steps % 10 > 0 && listener());
    return wrapped<Catalog>(catalog, { log: wrapped<ChangeLog>(catalog.log, { onChange }) });
  },
};

/** Whoever held an upload before may go on with it beside the one who took it over. */
export const forgottenFence: Plant = {
  catalog: (catalog) => {
    const current = async ({ id }: UploadHold): Promise<UploadHold> => {
      return { id, epoch: (await catalog.upload(id))?.epoch ?? 0 };
    };
    return wrapped<Catalog>(catalog, {
      commit: async (file) =>
        await catalog.commit({ ...file, upload: file.upload && await current(file.upload) }),
      checkpointUpload: async (hold, durable, parts) =>
        await catalog.checkpointUpload(await current(hold), durable, parts),
      endUpload: async (hold) => await catalog.endUpload(await current(hold)),
    });
  },
  begin: () => {
    const { fence } = Upload.prototype;
    Upload.prototype.fence = () => Promise.resolve(false);
    return () => void (Upload.prototype.fence = fence);
  },
};

/** What an upload had reserved is not given back at its end. */
export const keptReservation: Plant = {
  begin: () => {
    const { release } = Reservations.prototype;
    Reservations.prototype.release = () => {};
    return () => void (Reservations.prototype.release = release);
  },
};

/** Nothing is reserved, and a commit keeps to no quota. */
export const forgottenQuota: Plant = {
  catalog: (catalog) =>
    wrapped<Catalog>(catalog, { commit: ({ quotas: _, ...file }) => catalog.commit(file) }),
  begin: () => {
    const { reserve } = Reservations.prototype;
    Reservations.prototype.reserve = () => Promise.resolve();
    return () => void (Reservations.prototype.reserve = reserve);
  },
};

/** What is left of a stream is taken for the stream where its put has to begin again. */
export const forgottenSpending: Plant = {
  begin: () => {
    const { run } = Link.prototype;
    Link.prototype.run = function (work, { isSpent: _, ...options } = {}) {
      return run.call(this, work, options) as ReturnType<typeof work>;
    };
    return () => void (Link.prototype.run = run);
  },
};

/** The same object, but for some of its methods. */
function wrapped<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (_, property) => {
      const own = Reflect.get(methods, property);
      if (own !== undefined) return own;
      const member = Reflect.get(target, property);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
