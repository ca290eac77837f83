// The names in a catalog that a bench has filled.

/** Names under one prefix. */
export const NAMES_PER_FOLDER = 1000;

/** The name of this number, counted from 0: `data/000123/000123456.bin`. */
export function nameOf(index: number): string {
  return `${prefixOf(index)}${String(index).padStart(9, "0")}.bin`;
}

/** The prefix of it, which it shares with {@linkcode NAMES_PER_FOLDER} others. */
export function prefixOf(index: number): string {
  return `data/${String(Math.floor(index / NAMES_PER_FOLDER)).padStart(6, "0")}/`;
}
