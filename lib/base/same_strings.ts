// Metadata compared: by what is in it, as the order of keys says nothing.

/** Whether both have the same strings under the same keys, in whatever order. */
export function isSameStrings(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}
