// What a check can find wrong with a store, and how it is said.

import { BLOCK_SIZE } from "../base/merkle.ts";
import { quote } from "../base/names.ts";

/** Something that is not as it was put. */
export interface Damage {
  /** Every name that holds the content; none where no file is concerned. */
  readonly names: readonly string[];
  /** In bytes, of the content. */
  readonly size: number;
  readonly what: Fault;
}

/** The kinds of damage. */
export type Fault =
  /** Blocks that are not what their hashes say, or that cannot be read; their indexes, in order. */
  | { readonly kind: "blocks"; readonly blocks: readonly number[] }
  /** The bytes are not those of the digest, and it cannot be told which. */
  | { readonly kind: "digest" }
  /** The bytes are whole, but their recorded hashes are not: nothing of them can be proven. */
  | { readonly kind: "hashes" }
  /** There are more or fewer bytes than there should be. */
  | { readonly kind: "size"; readonly found: number }
  /** The blob of the content is not there. */
  | { readonly kind: "missing"; readonly blob: string }
  /** A blob that no file has: lost space, but no loss. */
  | { readonly kind: "stray"; readonly blob: string };

// So many runs of blocks are told with a file; the rest is counted.
const MAX_RUNS = 3;

/** One line for each name and each run of blocks, such as `a.txt: block 1 (bytes 65536-70000) is damaged`. */
export function* damageLines({ names, size, what }: Damage): Generator<string> {
  if (what.kind === "stray") yield `Blob ${what.blob} belongs to no file`;
  for (const name of names) {
    const shown = quote(name).slice(1, -1);
    if (what.kind !== "blocks") {
      yield `${shown}: ${sentenceOf(what, size)}`;
      continue;
    }
    for (const run of runsOf(what.blocks)) {
      yield `${shown}: ${describeRun(run, size)} ${run.first === run.last ? "is" : "are"} damaged`;
    }
  }
}

/** Ends a sentence like "the file is damaged as …". */
export function damageReason({ size, what }: Damage): string {
  if (what.kind !== "blocks") return sentenceOf(what, size);
  const runs = [...runsOf(what.blocks)];
  const shown = runs.slice(0, MAX_RUNS).map((run) => describeRun(run, size)).join(", ");
  const more = runs.length > MAX_RUNS ? ` and more, ${what.blocks.length} blocks in all,` : "";
  return `${shown}${more} ${what.blocks.length === 1 ? "does" : "do"} not match the recorded hash`;
}

function sentenceOf(fault: Exclude<Fault, { kind: "blocks" }>, size: number): string {
  switch (fault.kind) {
    case "digest":
      return "its bytes do not match its digest";
    case "hashes":
      return "its recorded hashes do not lead to its digest";
    case "size":
      return `it has ${fault.found} bytes instead of ${size}`;
    case "missing":
      return `its blob ${fault.blob} is missing`;
    case "stray":
      return `blob ${fault.blob} belongs to no file`;
    default:
      return fault satisfies never;
  }
}

interface Run {
  readonly first: number;
  readonly last: number;
}

function* runsOf(blocks: readonly number[]): Generator<Run> {
  for (let start = 0; start < blocks.length;) {
    let end = start;
    while (blocks[end + 1] === blocks[end]! + 1) end++;
    yield { first: blocks[start]!, last: blocks[end]! };
    start = end + 1;
  }
}

function describeRun({ first, last }: Run, size: number): string {
  const bytes = `bytes ${first * BLOCK_SIZE}-${Math.min(size, (last + 1) * BLOCK_SIZE)}`;
  return first === last ? `block ${first} (${bytes})` : `blocks ${first} to ${last} (${bytes})`;
}
