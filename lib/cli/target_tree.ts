// The local folder that files of a server go into, and no place outside it: names are taken apart, every folder on
// the way is looked at, and no two names of a run may end up at one place. Names come in the server's order.

import { quote } from "../base/names.ts";
import type { LocalFiles, LocalStatus } from "../runtime/files.ts";
import { LocalFileError, locally, RefusedNameError, UsageError } from "./failure.ts";
import { whyNotLocal } from "./local_names.ts";
import { joinPath } from "./local_path.ts";

/** Where a file goes. */
export interface TargetPlace {
  /** The folder, and what the file is called in it. */
  readonly folder: string;
  readonly last: string;
  readonly path: string;
  /** What is there now: a file, a link that will be replaced, or nothing. */
  readonly there: LocalStatus | undefined;
  /** What another file of this run is called, where that differs in case only; see `isApart`. */
  readonly alike: string | undefined;
}

/** The folder itself cannot be used, so that nothing can go into it. */
export class RootError extends LocalFileError {
  constructor(path: string, cause: unknown) {
    super("write", path || ".", cause);
  }
}

/** Something of another kind is where a file or folder has to go. */
export class InTheWayError extends RefusedNameError {}

/** Options of a {@linkcode TargetTree}. */
export interface TargetTreeOptions {
  readonly files: LocalFiles;
  readonly windows: boolean;
  /** The folder that the user chose, which may be a link or not be there yet; "" is the current one. */
  readonly root: string;
}

/** The places in a folder for the files of one run. */
export class TargetTree {
  readonly #options: TargetTreeOptions;
  /** The root, and the folders on the way to the last name. */
  readonly #open: OpenFolder[] = [];

  constructor(options: TargetTreeOptions) {
    this.#options = options;
  }

  /** Finds the place of a file. Throws a RefusedNameError or a LocalFileError, of the root a RootError. */
  async find(name: string): Promise<TargetPlace> {
    const { files, windows } = this.#options;
    const reason = whyNotLocal(name, windows);
    if (reason) throw refused(reason);
    const parts = name.split("/");
    const last = parts.pop()!;
    const folder = await this.#enter(parts);
    if (folder.refusal) throw folder.refusal();
    const { alike, isKindTaken } = claimName(folder, last, "file");
    if (isKindTaken) throw refused("there is a folder of that name as well");
    const path = joinPath(folder.path, last);
    const there = folder.isOurs ? undefined : await locally("write", path, () => files.look(path));
    if (there?.kind === "folder") throw inTheWay(path, "a folder");
    if (there?.kind === "other") throw refused(`${quote(path)} is a device, socket or pipe`);
    return { folder: folder.path, last, path, there, alike };
  }

  /** Makes the folders on the way to the place that was found last. Throws like `find`. */
  async makeFolders(): Promise<void> {
    const { files } = this.#options;
    for (const [depth, folder] of this.#open.entries()) {
      if (!folder.isMissing) continue;
      const { path } = folder;
      const made = files.makeFolder(path);
      await (depth === 0 ? asRoot(path, made) : locally("write", path, () => made));
      folder.isMissing = false;
    }
  }

  /** Whether the file system keeps a place apart from that of the file alike, which has arrived by now. */
  async isApart({ folder, last, path, alike }: TargetPlace): Promise<boolean> {
    if (alike === undefined) return true;
    const { files } = this.#options;
    return await locally("write", path, async () => {
      return !await files.look(path) || await hasBoth(files, folder, [last, alike]);
    });
  }

  /** Opens the folders with these names, one in another, and closes those that have been passed. */
  async #enter(parts: readonly string[]): Promise<OpenFolder> {
    if (this.#open.length === 0) this.#open.push(await this.#openRoot());
    let depth = 0;
    while (depth < parts.length && this.#open[depth + 1]?.last === parts[depth]) depth++;
    this.#open.length = depth + 1;
    for (const part of parts.slice(depth)) {
      this.#open.push(await this.#openFolder(this.#open.at(-1)!, part));
    }
    return this.#open.at(-1)!;
  }

  async #openRoot(): Promise<OpenFolder> {
    const { files, root } = this.#options;
    const status = await asRoot(root, files.stat(root || "."));
    if (status && status.kind !== "folder") {
      throw new UsageError(`${quote(root)} is not a folder; name another place`);
    }
    return openFolder(root, { last: "", isMissing: !status });
  }

  async #openFolder(parent: OpenFolder, last: string): Promise<OpenFolder> {
    const { files } = this.#options;
    const path = joinPath(parent.path, last);
    const { refusal } = parent;
    if (refusal) return openFolder(path, { last, isMissing: false, refusal });
    const { alike, isKindTaken } = claimName(parent, last, "folder");
    const refuse = (reason: string) => {
      return openFolder(path, { last, isMissing: false, refusal: () => refused(reason) });
    };
    if (isKindTaken) return refuse(`there is a file ${quote(last)} as well`);
    const status = parent.isOurs && alike === undefined
      ? undefined
      : await locally("write", path, () => files.look(path));
    if (status?.kind === "link") {
      return refuse(`${quote(path)} is a link, and followed only as the target itself`);
    }
    if (status && status.kind !== "folder") {
      const refusal = () => inTheWay(path, "not a folder");
      return openFolder(path, { last, isMissing: false, refusal });
    }
    const place = { folder: parent.path, last, path, there: status, alike };
    if (status && !await this.isApart(place)) return refuse(sameInCase(alike!));
    return openFolder(path, { last, isMissing: !status });
  }
}

async function asRoot<T>(root: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new RootError(root, error);
  }
}

/** What to say of a file whose name differs from that of another only in case, where that is too little. */
export function caseClash(alike: string): RefusedNameError {
  return refused(sameInCase(alike));
}

/** Whether a folder holds both of two names that differ in case, so that its file system tells them apart. */
async function hasBoth(
  files: LocalFiles,
  folder: string,
  pair: readonly [string, string],
): Promise<boolean> {
  const names = new Set((await files.entries(folder || ".")).map(({ name }) => name));
  return pair.every((name) => names.has(name));
}

interface OpenFolder {
  readonly path: string;
  /** What it is called in the folder above. */
  readonly last: string;
  isMissing: boolean;
  /** Whether it was missing at first, so that only this run has put anything into it. */
  readonly isOurs: boolean;
  /** What its files and folders are called, by what a file system might take for the same. */
  readonly claims: Map<string, Claim>;
  /** What came later and might be taken for the same as one of those. */
  readonly alikes: Claim[];
  /** Why nothing may go into it. */
  readonly refusal: (() => RefusedNameError) | undefined;
}

function openFolder(
  path: string,
  more: Pick<OpenFolder, "last" | "isMissing"> & Partial<Pick<OpenFolder, "refusal">>,
): OpenFolder {
  return {
    path,
    isOurs: more.isMissing,
    claims: new Map(),
    alikes: [],
    refusal: undefined,
    ...more,
  };
}

/** Takes a name in a folder. */
function claimName(folder: OpenFolder, last: string, kind: Claim["kind"]): Claimed {
  const key = last.normalize("NFC").toLowerCase();
  const first = folder.claims.get(key);
  if (!first) {
    folder.claims.set(key, { last, kind });
    return { isKindTaken: false, alike: undefined };
  }
  if (first.last === last) return { isKindTaken: first.kind !== kind, alike: undefined };
  const own = folder.alikes.find((claim) => claim.last === last);
  if (!own) folder.alikes.push({ last, kind });
  return { isKindTaken: own !== undefined && own.kind !== kind, alike: first.last };
}

interface Claim {
  readonly last: string;
  readonly kind: "file" | "folder";
}

interface Claimed {
  /** Whether a thing of the other kind has the name. */
  readonly isKindTaken: boolean;
  /** Another name that has come before and differs in case only. */
  readonly alike: string | undefined;
}

function sameInCase(alike: string): string {
  return `${quote(alike)} differs from it in case only, which is the same to this file system`;
}

function refused(reason: string): RefusedNameError {
  return new RefusedNameError(`Not written, as ${reason}`);
}

function inTheWay(path: string, what: string): InTheWayError {
  return new InTheWayError(`Not written, as ${quote(path)} is ${what}; remove it first`);
}
