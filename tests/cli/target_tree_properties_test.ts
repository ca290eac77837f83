// Wherever a server's names lead, as Windows has it: into the folder, through no link, one place for each. A failure
// prints its seed and path: given to `fc.assert` beside the property, they make the same case again.

import { assert } from "@std/assert";
import fc from "fast-check";
import { compareBytes } from "../../lib/base/names.ts";
import { LocalFileError, RefusedNameError, UsageError } from "../../lib/cli/failure.ts";
import { TargetTree } from "../../lib/cli/target_tree.ts";
import type { LocalFiles, LocalStatus } from "../../lib/runtime/files.ts";

Deno.test("any names lead into the folder, through no link, and no two to one place", async () => {
  await fc.assert(
    fc.asyncProperty(names, there, async (names, there) => {
      const disk = new BlindDisk(there);
      const tree = new TargetTree({ files: disk.files, windows: true, root: "root" });
      const sorted = [...new Set(names)].sort(compareBytes);
      for (const name of sorted) await place(name, tree, disk);
    }),
    { numRuns: 2000 },
  );
});

/** Does with a name what a command does, and looks where it has led. */
async function place(name: string, tree: TargetTree, disk: BlindDisk): Promise<void> {
  try {
    const place = await tree.find(name);
    await tree.makeFolders();
    if (!await tree.isApart(place)) return;
    assertInside(place.path);
    disk.write(place.path);
  } catch (error) {
    const isRefusal = error instanceof RefusedNameError || error instanceof LocalFileError;
    assert(isRefusal || error instanceof UsageError, String(error));
  }
}

/** By rules of its own, so that a mistake in one of the two shows. */
function assertInside(path: string): void {
  const [root, ...parts] = path.split("/");
  assert(root === "root" && parts.length > 0, path);
  for (const part of parts) {
    const [stem] = part.split(".");
    const device = ["con", "prn", "aux", "nul", "com1", "lpt9"].includes(
      stem!.trim().toLowerCase(),
    );
    const isBad = part === "" || /[<>:"|?*\\]/.test(part) || /[. ]$/.test(part) || device;
    assert(!isBad, `${path} leads elsewhere on Windows`);
  }
}

const part = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "A", "b", "ä", "Ä", "a\u0308", "link") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      ".",
      "..",
      "...",
      "C:",
      "C:\\x",
      "a\\..\\b",
      "a.",
      "a ",
      "a:b",
      "con",
      "NUL.txt",
      "aux .c",
      "com1",
      "Lpt9.x",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 4 }) },
);
const names = fc.array(fc.array(part, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((lists) => lists.map((parts) => parts.join("/")));
/** What is in the folder before. */
const there = fc.array(
  fc.record({
    name: fc.constantFrom("link", "a", "A", "b", "Ä"),
    kind: fc.constantFrom<LocalStatus["kind"]>("link", "folder", "file", "other"),
  }),
  { maxLength: 3 },
);

interface Entry {
  readonly path: string;
  readonly kind: LocalStatus["kind"];
  /** Whether this run has written it. */
  isNew: boolean;
}

/** A disk that takes names for the same that differ in case or in their normal form. */
class BlindDisk {
  readonly #entries = new Map<string, Entry>();

  constructor(there: readonly { name: string; kind: LocalStatus["kind"] }[]) {
    this.#put("root", "folder");
    for (const { name, kind } of there) {
      if (!this.#entries.has(blind(`root/${name}`))) this.#put(`root/${name}`, kind);
    }
  }

  /** As much as a tree of targets asks for. */
  get files(): LocalFiles {
    const look = async (path: string) => {
      const entry = this.#entries.get(blind(path));
      return entry && { kind: entry.kind, size: 0, modifiedMs: 0 };
    };
    return {
      look,
      stat: look,
      entries: async (folder: string) =>
        [...this.#entries.values()].filter(({ path }) => parentOf(blind(path)) === blind(folder))
          .map(({ path, kind }) => ({ name: path.slice(path.lastIndexOf("/") + 1), kind })),
      makeFolder: async (path: string) => {
        this.#insistOnParents(path);
        if (!this.#entries.has(blind(path))) this.#put(path, "folder");
        assert(this.#entries.get(blind(path))?.kind === "folder", `${path} is no folder`);
      },
    } as unknown as LocalFiles;
  }

  /** Writes a file, in the place of one that was there before. */
  write(path: string): void {
    this.#insistOnParents(path);
    const there = this.#entries.get(blind(path));
    assert(!there?.isNew, `${path} is written over ${there?.path}`);
    assert(there?.kind !== "folder" && there?.kind !== "other", `${path} is a ${there?.kind}`);
    this.#put(path, "file");
    this.#entries.get(blind(path))!.isNew = true;
  }

  #insistOnParents(path: string): void {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      const kind = this.#entries.get(blind(path.slice(0, at)))?.kind;
      assert(kind === "folder", `${path} leads through a ${kind}`);
    }
  }

  #put(path: string, kind: Entry["kind"]): void {
    this.#entries.set(blind(path), { path, kind, isNew: false });
  }
}

function blind(path: string): string {
  return path.normalize("NFC").toLowerCase();
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
