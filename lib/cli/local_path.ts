// Paths as a user writes them, taken apart and put together. No file system; Windows has two separators.

/** The last part of a path; empty when that says nothing about a name, as of `.`, `..` and `/`. */
export function lastPart(path: string, windows: boolean): string {
  const parts = path.split(windows ? /[\\/]/ : "/").filter((part) => part !== "");
  const last = parts.at(-1) ?? "";
  return last === "." || last === ".." || (windows && /^[a-z]:$/i.test(last)) ? "" : last;
}

/** The path of what is called `name` in `folder`; an empty one is the current folder. */
export function joinPath(folder: string, name: string): string {
  // A slash separates on Windows as well.
  return folder === "" || folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

/** The folder that `path` lies in, with the separator at its end; empty for the current one. */
export function folderOf(path: string, windows: boolean): string {
  return (windows ? /^.*[\\/]/s : /^.*\//s).exec(path)?.[0] ?? "";
}
