// From the words of a command line to operands and options. Which options there are stands in tables; every
// mistake is a UsageError that names the word and what to write instead.

import { parseArgs, type ParseOptions } from "@std/cli";
import { quote } from "../base/names.ts";
import { UsageError } from "./failure.ts";
import { suggest } from "./suggestion.ts";

/** An option as the tables list it. */
export interface OptionRule {
  /** The long name, without dashes. */
  readonly name: string;
  /** A one-letter name. */
  readonly letter?: string;
  /** What help calls the value, such as `PATH`; an option without it is a flag. */
  readonly value?: string;
  /** Whether it may be given several times; of others the last one counts. */
  readonly repeats?: boolean;
  /** For help: what it does. */
  readonly summary: string;
}

/** The options that were given. */
export interface ParsedOptions {
  /** Whether a flag was given. */
  flag(name: string): boolean;
  /** The value of an option, if it was given. */
  value(name: string): string | undefined;
  /** All values of an option that repeats. */
  values(name: string): readonly string[];
}

/** A command line, taken apart. */
export interface ParsedArguments {
  /** What is not an option, in order. */
  readonly operands: readonly string[];
  readonly options: ParsedOptions;
}

/** Options of {@linkcode parseArguments}. */
export interface ParseArgumentsOptions {
  /** The options that are known. */
  rules: readonly OptionRule[];
  /** Ends the line of an error, as in `see morsel put --help`. */
  hint: string;
  /** What to say of a long option that is known, but not here. */
  elsewhere?: (name: string) => string | undefined;
}

/** Takes a command line apart; after `--` everything is an operand. Throws a UsageError. */
export function parseArguments(
  args: readonly string[],
  options: ParseArgumentsOptions,
): ParsedArguments {
  const { rules, hint } = options;
  const words = plainWords(args, rules).map((word) => word.text);
  const parsed = parseArgs(words, parseOptions(options));
  for (const rule of rules) {
    const given: unknown[] = [parsed[rule.name] ?? []].flat();
    if (rule.value && given.includes("")) {
      throw new UsageError(
        `--${rule.name} needs a value, as in --${rule.name} ${rule.value}; ${hint}`,
      );
    }
  }
  return {
    operands: parsed._.map(String),
    options: {
      flag: (name) => parsed[name] === true,
      value: (name) => parsed[name],
      values: (name) => parsed[name] ?? [],
    },
  };
}

/** Where the first operand stands, which is the command; -1 when there is none. Throws a UsageError. */
export function findOperand(args: readonly string[], options: ParseArgumentsOptions): number {
  const words = plainWords(args, options.rules);
  const dashes = words.findIndex((word) => word.text === "--");
  const head = dashes === -1 ? words : words.slice(0, dashes);
  const parsed = parseArgs(head.map((word) => word.text), {
    ...parseOptions(options),
    stopEarly: true,
  });
  const place = parsed._.length > 0 || dashes === -1 ? head.length - parsed._.length : dashes + 1;
  return words[place]?.index ?? -1;
}

interface PlainWord {
  readonly text: string;
  /** Where it stood among the arguments. */
  readonly index: number;
}

/**
 * Spells the options so that parseArgs cannot take them two ways: it would not let `--output -` have its
 * value, and would take the operand of `rm --quiet true` for the value of the flag.
 */
function plainWords(args: readonly string[], rules: readonly OptionRule[]): PlainWord[] {
  const words: PlainWord[] = [];
  for (let index = 0; index < args.length; index++) {
    const text = args[index]!;
    if (text === "--") {
      return [
        ...words,
        ...args.slice(index).map((text, after) => ({ text, index: index + after })),
      ];
    }
    const rule = rules.find((rule) => text === `--${rule.name}` || text === `-${rule.letter}`);
    const next = args[index + 1];
    const hasValue = next !== undefined && (next === "-" || !next.startsWith("-"));
    if (!rule || (rule.value && !hasValue)) words.push({ text, index });
    else if (!rule.value) words.push({ text: `--${rule.name}=true`, index });
    else words.push({ text: `--${rule.name}=${args[++index]}`, index: index - 1 });
  }
  return words;
}

function parseOptions(options: ParseArgumentsOptions): ParseOptions {
  const { rules } = options;
  const names = (those: (rule: OptionRule) => unknown) =>
    rules.filter(those).map((rule) => rule.name);
  return {
    // "_" keeps the operand 007 from becoming the number 7.
    string: ["_", ...names((rule) => rule.value)],
    boolean: names((rule) => !rule.value),
    collect: names((rule) => rule.repeats),
    alias: Object.fromEntries(
      rules.flatMap((rule) => rule.letter ? [[rule.letter, rule.name]] : []),
    ),
    unknown(word, key) {
      if (key !== undefined) throw unknownOption(word, { key, ...options });
      return true;
    },
  };
}

function unknownOption(word: string, options: ParseArgumentsOptions & { key: string }): UsageError {
  const { key, rules, hint, elsewhere } = options;
  const long = word.startsWith("--");
  const typed = long ? word.replace(/=.*$/s, "") : `-${key}`;
  const owner = long ? elsewhere?.(typed.slice(2)) : undefined;
  if (owner) return new UsageError(`${owner}; ${hint}`);
  const meant = long ? suggest(typed.slice(2), rules.map((rule) => rule.name)) : undefined;
  const next = meant ? `Did you mean --${meant}?` : capitalize(hint);
  return new UsageError(`Unknown option ${quote(typed)}. ${next}`);
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
