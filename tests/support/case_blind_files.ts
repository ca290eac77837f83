// Files on a file system that does not tell upper from lower case, as those of macOS and Windows.

import type { LocalFiles } from "../../lib/runtime/files.ts";

/** Makes `files` blind: whatever lies at a path of other case is what is at the path. */
export function caseBlindFiles(files: LocalFiles): LocalFiles {
  /** The path as it is spelled on disk, part by part, and as given from where nothing is there. */
  const real = async (path: string): Promise<string> => {
    let found = path.startsWith("/") ? "/" : ".";
    for (const part of path.split("/").filter((part) => part !== "")) {
      const names = await files.list(found).catch(() => []);
      const same = names.find((name) => name.toLowerCase() === part.toLowerCase());
      found = `${found}/${same ?? part}`;
    }
    return found;
  };
  return {
    ...files,
    open: async (path, mode) => await files.open(await real(path), mode),
    stat: async (path) => await files.stat(await real(path)),
    look: async (path) => await files.look(await real(path)),
    entries: async (path) => await files.entries(await real(path)),
    remove: async (path) => await files.remove(await real(path)),
    makeFolder: async (path) => await files.makeFolder(await real(path)),
    rename: async (from, to) => await files.rename(await real(from), await real(to)),
    setModified: async (path, modifiedMs) => await files.setModified(await real(path), modifiedMs),
    place: async (file, { target, temporary, sync }) =>
      await files.place(file, {
        target: await real(target),
        temporary: await real(temporary),
        sync,
      }),
  };
}
