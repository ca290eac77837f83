// Which files of a folder a command is about: --include and --exclude. Only what is below the folder counts, with
// slashes between its parts on every system.

import { globToRegExp } from "@std/path/posix";
import { quote } from "../base/names.ts";
import { UsageError } from "./failure.ts";

/** Says what is wanted. Paths are relative to the folder. */
export class PathFilter {
  readonly #include: readonly Pattern[];
  readonly #exclude: readonly Pattern[];
  /** The verdict on the folder of the last path, as most paths share it with the one before. */
  #folder = "";
  #verdict: Verdict = UNDECIDED;

  /** Takes the patterns as they were typed. Throws a UsageError for one that can match nothing. */
  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map((text) => patternOf(text, "include"));
    this.#exclude = exclude.map((text) => patternOf(text, "exclude"));
  }

  /** Whether it says nothing, so that all is wanted. */
  get wantsAll(): boolean {
    return this.#include.length + this.#exclude.length === 0;
  }

  /** Whether a file is wanted: matched by an include, if there are any, and by no exclude. */
  wants(path: string): boolean {
    if (this.wantsAll) return true;
    const { isIncluded, isExcluded } = this.#judge(path.slice(0, path.lastIndexOf("/") + 1));
    if (isExcluded || this.#exclude.some((pattern) => pattern.matchesFile(path))) return false;
    return isIncluded || this.#include.length === 0 ||
      this.#include.some((pattern) => pattern.matchesFile(path));
  }

  /** Whether there can be anything that is wanted in a folder; its path ends with a slash. */
  wantsFolder(path: string): boolean {
    return this.#exclude.length === 0 || !this.#judge(path).isExcluded;
  }

  #judge(folder: string): Verdict {
    if (folder === "") return UNDECIDED;
    if (folder !== this.#folder) {
      this.#verdict = this.#judgeParts(folder);
      this.#folder = folder;
    }
    return this.#verdict;
  }

  #judgeParts(folder: string): Verdict {
    const verdict = { ...UNDECIDED };
    for (let end = folder.indexOf("/"); end !== -1; end = folder.indexOf("/", end + 1)) {
      const above = folder.slice(0, end);
      verdict.isIncluded ||= this.#include.some((pattern) => pattern.matches(above));
      verdict.isExcluded ||= this.#exclude.some((pattern) => pattern.matches(above));
    }
    return verdict;
  }
}

interface Verdict {
  isIncluded: boolean;
  isExcluded: boolean;
}

const UNDECIDED: Verdict = { isIncluded: false, isExcluded: false };

interface Pattern {
  /** Whether it matches the path of a file or folder. */
  matches(path: string): boolean;
  /** Whether it matches the path of a file; one that ends with a slash is for folders only. */
  matchesFile(path: string): boolean;
}

/** A pattern without a slash at its beginning may match at any depth; a folder stands for all in it. */
function patternOf(text: string, option: string): Pattern {
  const glob = text.replace(/^\/+/, "").replace(/\/+$/, "");
  if (glob === "") {
    throw new UsageError(`--${option} ${quote(text)} matches nothing; see morsel put --help`);
  }
  const expression = globToRegExp(text.startsWith("/") ? glob : `**/${glob}`, { extended: false });
  const matches = (path: string) => expression.test(path);
  return { matches, matchesFile: text.endsWith("/") ? () => false : matches };
}
