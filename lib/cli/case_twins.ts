// Local files that the server has in other case, folders above them included. Where a file system makes no difference
// they are the very files that were fetched, and no more of what only the local folder has than those of equal spelling.

import type { CommandContext } from "./command.ts";
import { joinPath } from "./local_path.ts";
import type { TreeFile } from "./local_tree.ts";
import { bothSides, MOST_EXTRAS, type SyncSides } from "./sync_sides.ts";

/** Tells twins from files that only the local folder has. */
export class CaseTwins {
  readonly #context: CommandContext;
  readonly #sides: SyncSides;
  /** What the server has and the folder has not, in lower case. */
  #missing: Promise<ReadonlySet<string>> | undefined;

  /** For both sides as they are once all has come across. */
  constructor(context: CommandContext, sides: SyncSides) {
    this.#context = context;
    this.#sides = sides;
  }

  /** Whether this file, which the server does not have by its name, is one that it has in other case. */
  async has({ name, path, key }: TreeFile): Promise<boolean> {
    const other = joinPath(this.#sides.path, otherCase(name));
    // Mostly case makes a difference, and the server need not be asked once more.
    if (other === path || !await this.#context.host.files.look(other)) return false;
    const missing = await (this.#missing ??= this.#findMissing());
    // Of too many to be told apart none is removed.
    return missing.size === MOST_EXTRAS || missing.has(key.toLowerCase());
  }

  async #findMissing(): Promise<Set<string>> {
    const keys = new Set<string>();
    for await (const { left, right } of bothSides(this.#context, this.#sides)) {
      if (right && !left) keys.add(right.key.toLowerCase());
      if (keys.size === MOST_EXTRAS) break;
    }
    return keys;
  }
}

function otherCase(text: string): string {
  const turned = (letter: string) => {
    const lower = letter.toLowerCase();
    const other = letter === lower ? letter.toUpperCase() : lower;
    // No file system takes "SS" for "ß".
    return other.length === letter.length ? other : letter;
  };
  return [...text].map(turned).join("");
}
