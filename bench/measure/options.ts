// The command lines of the benches: values of options, lists of them, mistakes told in one line.

import { parseArgs } from "@std/cli";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/**
 * What was given for each of these options. Where it is help that is asked for, or an option is wrong, this
 * says so and ends the program.
 */
export function readOptions<Name extends string>(
  names: readonly Name[],
  help: string,
): Partial<Record<Name, string>> {
  const given = parseArgs(Deno.args, {
    string: names,
    boolean: ["help"],
    unknown: (word) => endWithUsage(`Unknown: ${word}`),
  });
  if (!given.help) return given as Partial<Record<Name, string>>;
  print(help);
  Deno.exit(0);
}

/** What `work` makes of the options; a RangeError in it is a mistake in them, which ends the program. */
export function orUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return endWithUsage(error.message);
    throw error;
  }
}

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

/**
 * Those of `all` that a list with commas names, in the order of `all`; all of them without a list. Throws a
 * RangeError for a name that is none of theirs.
 */
export function chosen<T>(
  all: readonly T[],
  list: string | undefined,
  namesOf: (item: T) => readonly string[],
): T[] {
  if (list === undefined) return [...all];
  const wanted = list.split(",");
  const known = [...new Set(all.flatMap(namesOf))];
  const wrong = wanted.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new RangeError(`"${wrong}" is not one of ${known.join(", ")}`);
  return all.filter((item) => namesOf(item).some((name) => wanted.includes(name)));
}

/** The names of a workload for {@linkcode chosen}: its id, and what stands in that before a hyphen. */
export function idAndGroup({ id }: { readonly id: string }): string[] {
  return [id, id.split("-")[0]!];
}

function endWithUsage(text: string): never {
  print(`${text}; see --help`, Deno.stderr);
  Deno.exit(2);
}

/** Prints a line. */
export function print(text: string, to: typeof Deno.stdout = Deno.stdout): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let start = 0; start < bytes.length;) start += to.writeSync(bytes.subarray(start));
}
