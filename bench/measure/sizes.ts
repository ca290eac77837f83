// Sizes and counts as options of a bench.

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** Bytes from text such as `1GiB`, `256 MiB` or `1300`. Throws a RangeError that says what is right. */
export function parseSize(text: string): number {
  const match = /^(\d{1,12}) ?([a-z]*)$/i.exec(text);
  const unit = UNITS[match?.[2]?.toUpperCase() ?? "none"];
  if (!match || unit === undefined) {
    throw new RangeError(`"${text}" is not a size such as 256MiB or 1GiB`);
  }
  return Number(match[1]) * unit;
}

/** A whole number from 1 on. Throws a RangeError that says what is right. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new RangeError(`"${text}" is not a whole number from 1 on`);
  }
  return Number(text);
}
