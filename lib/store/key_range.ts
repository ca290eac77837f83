// Where the keys of a listing begin and end, compared as bytes.

// No UTF-8 holds this byte, so every key is less.
const BEYOND_ALL_KEYS = 0xff;

/** The keys `[start, end)` are those that begin with `prefix` and are greater than `after`. */
export function keyRange(
  prefix: Uint8Array,
  after: Uint8Array,
): { start: Uint8Array; end: Uint8Array } {
  // The least key greater than `after` has one zero byte more.
  const start = compareKeys(after, prefix) < 0 ? prefix : Uint8Array.of(...after, 0);
  return { start: after.length === 0 ? prefix : start, end: endOf(prefix) };
}

/** Negative, 0 or positive, as `a` comes before, with or after `b`. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  }
  return a.length - b.length;
}

function endOf(prefix: Uint8Array): Uint8Array {
  if (prefix.length === 0) return Uint8Array.of(BEYOND_ALL_KEYS);
  const end = prefix.slice();
  end[end.length - 1]! += 1;
  return end;
}
