// What a server may show after a crash: the answered operations have happened, the one that was under way
// may have happened or not, and nothing else is there.

import type { Content } from "./contents.ts";

/** Contents by name. */
export type Files = ReadonlyMap<string, Content>;

/** One thing a client does. */
export type Operation =
  | { readonly kind: "put"; readonly name: string; readonly content: Content }
  | { readonly kind: "move" | "copy"; readonly from: string; readonly to: string }
  | { readonly kind: "remove" | "get"; readonly name: string };

/** The files of one worker, who does one thing after the other and shares its names with nobody. */
export class Model {
  #certain: Files = new Map();
  #doubt: Operation | undefined;

  /** What is there, as long as nothing is in doubt. */
  get files(): Files {
    return this.#certain;
  }

  /** What is under way, or was when the server was lost. */
  get doubt(): string | undefined {
    return this.#doubt && describeOperation(this.#doubt);
  }

  /** An operation begins: from now on it may have happened. */
  begin(operation: Operation): void {
    if (this.#doubt) {
      throw new Error("An operation began before what came of the last one was known");
    }
    this.#doubt = operation;
  }

  /** It was answered: from now on it must have happened. */
  acknowledge(): void {
    this.#certain = after(this.#certain, this.#doubt!);
    this.#doubt = undefined;
  }

  /** It was refused: nothing has happened. */
  refuse(): void {
    this.#doubt = undefined;
  }

  /** All that may be there now, one of them exactly. */
  get allowed(): Files[] {
    return this.#doubt ? [this.#certain, after(this.#certain, this.#doubt)] : [this.#certain];
  }

  /** Takes what was found for the truth. Throws when it is none of what may be there. */
  settle(found: Files): void {
    if (!this.allowed.some((files) => isSame(files, found))) {
      const allowed = this.allowed.map(describe).join(" or ");
      throw new Error(`There is ${describe(found)}, where only ${allowed} may be`);
    }
    this.#certain = found;
    this.#doubt = undefined;
  }
}

/** The files once this has happened; as they were, where it has no effect. */
function after(files: Files, operation: Operation): Files {
  const next = new Map(files);
  switch (operation.kind) {
    case "put":
      return next.set(operation.name, operation.content);
    case "remove":
      next.delete(operation.name);
      return next;
    case "move":
    case "copy": {
      const content = files.get(operation.from);
      if (!content) return files;
      if (operation.kind === "move") next.delete(operation.from);
      return next.set(operation.to, content);
    }
    case "get":
      return files;
  }
}

function isSame(a: Files, b: Files): boolean {
  return a.size === b.size && [...a].every(([name, content]) => {
    const other = b.get(name);
    return other?.seed === content.seed && other.size === content.size;
  });
}

/** An operation in one line. */
export function describeOperation(operation: Operation): string {
  return Object.values(operation).map((value) =>
    typeof value === "string" ? value : `${value.size} bytes`
  ).join(" ");
}

function describe(files: Files): string {
  const each = [...files].map(([name, { seed, size }]) => `${name} (${size} bytes, seed ${seed})`);
  return `[${each.sort().join(", ")}]`;
}
