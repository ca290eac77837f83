import { assertEquals, assertThrows } from "@std/assert";
import { findOperand, type OptionRule, parseArguments } from "../../lib/cli/arguments.ts";
import { COMMANDS, COMMON_OPTIONS } from "../../lib/cli/commands.ts";
import { UsageError } from "../../lib/cli/failure.ts";
import { byteRange, keyValues, wholeNumber } from "../../lib/cli/option_values.ts";

const rules: OptionRule[] = [
  { name: "output", letter: "o", value: "PATH", summary: "" },
  { name: "meta", value: "KEY=VALUE", repeats: true, summary: "" },
  { name: "json", summary: "" },
  { name: "recursive", letter: "r", summary: "" },
  { name: "quiet", letter: "q", summary: "" },
];

function parse(...args: string[]) {
  const { operands, options } = parseArguments(args, { rules, hint: "see help" });
  return {
    operands,
    flags: ["json", "recursive", "quiet"].filter((name) => options.flag(name)),
    output: options.value("output"),
    meta: options.values("meta"),
  };
}

const nothing = { operands: [], flags: [], output: undefined, meta: [] };

Deno.test("parseArguments tells options from operands wherever they stand", () => {
  assertEquals(parse(), nothing);
  assertEquals(parse("a", "--json", "b", "-rq"), {
    ...nothing,
    operands: ["a", "b"],
    flags: ["json", "recursive", "quiet"],
  });
});

Deno.test("parseArguments takes every spelling of a value, - among them", () => {
  for (
    const spelling of [["-o", "x"], ["-o=x"], ["-qo", "x"], ["--output", "x"], ["--output=x"]]
  ) {
    assertEquals(parse(...spelling).output, "x", spelling.join(" "));
  }
  assertEquals(parse("-o", "-", "a"), { ...nothing, output: "-", operands: ["a"] });
  assertEquals(parse("--output", "-", "a"), { ...nothing, output: "-", operands: ["a"] });
  assertEquals(parse("--output=-x").output, "-x");
  assertEquals(parse("-o", "a", "-o", "b").output, "b");
  assertEquals(parse("--meta", "a=1", "--meta=b=2=3").meta, ["a=1", "b=2=3"]);
});

Deno.test("parseArguments leaves operands alone: numbers, true, empty ones, and all after --", () => {
  assertEquals(parse("007", "1e3").operands, ["007", "1e3"]);
  assertEquals(parse("--json", "true"), { ...nothing, flags: ["json"], operands: ["true"] });
  assertEquals(parse("-r", "false").operands, ["false"]);
  assertEquals(parse("", "-").operands, ["", "-"]);
  assertEquals(parse("a", "--", "--json", "-x").operands, ["a", "--json", "-x"]);
});

Deno.test("parseArguments says which word is wrong, and what was meant", () => {
  const wrong: [string[], string][] = [
    [["--jsno"], 'Unknown option "--jsno". Did you mean --json?'],
    [["--otuput=x"], 'Unknown option "--otuput". Did you mean --output?'],
    [["--bogus"], 'Unknown option "--bogus". See help'],
    [["-x"], 'Unknown option "-x". See help'],
    [["-rx"], 'Unknown option "-x". See help'],
    [["--no-json"], 'Unknown option "--no-json"'],
    [["--output"], "--output needs a value, as in --output PATH; see help"],
    [["-o"], "--output needs a value"],
    [["--output="], "--output needs a value"],
    [["--output", "--json"], "--output needs a value"],
    [["--output", "--", "x"], "--output needs a value"],
    [["--meta"], "--meta needs a value"],
  ];
  for (const [args, message] of wrong) assertThrows(() => parse(...args), UsageError, message);
});

Deno.test("findOperand finds the command behind options and their values", () => {
  const find = (...args: string[]) => findOperand(args, { rules, hint: "see help" });
  assertEquals(find("put", "-o", "x"), 0);
  assertEquals(find("-o", "x", "put"), 2);
  assertEquals(find("--json", "--output=x", "put", "--bogus", "--", "y"), 2);
  assertEquals(find("--", "put"), 1);
  assertEquals(find("put", "--", "x"), 0);
  assertEquals(find("--json"), -1);
  assertEquals(find("--"), -1);
  assertEquals(find(), -1);
});

Deno.test("no option means different things to different commands", () => {
  const all = [...COMMON_OPTIONS, ...COMMANDS.flatMap((command) => command.options)];
  const spellings = new Set(all.map(({ name, letter, value }) => `${name} ${letter} ${value}`));
  const names = [...spellings].flatMap((spelling) => spelling.split(" ").slice(0, 2))
    .filter((name) => name !== "undefined");
  assertEquals(names.length, new Set(names).size, names.sort().join(" "));
});

function optionsOf(...args: string[]) {
  const names = ["chunk-size", "range"];
  const rules = names.map((name) => ({ name, value: "N", summary: "" }));
  const meta = { name: "meta", value: "KEY=VALUE", repeats: true, summary: "" };
  return parseArguments(args, { rules: [...rules, meta], hint: "" }).options;
}

Deno.test("wholeNumber takes whole numbers within its range only", () => {
  const read = (text: string) =>
    wholeNumber(optionsOf(`--chunk-size=${text}`), "chunk-size", { least: 1, most: 1048576 });
  assertEquals([read("1"), read("1300"), read("1048576")], [1, 1300, 1048576]);
  for (const text of ["0", "1048577", "1.5", "1e3", "-1", "x", "0x10", "99999999999999999999"]) {
    assertThrows(() => read(text), UsageError, "is not a whole number from 1 to 1048576");
  }
  assertEquals(wholeNumber(optionsOf(), "chunk-size", { least: 1, most: 2 }), undefined);
});

Deno.test("keyValues takes each key once, and values with anything in them", () => {
  const read = (...pairs: string[]) =>
    keyValues(optionsOf(...pairs.map((pair) => `--meta=${pair}`)), "meta");
  assertEquals(read("a=1", "b=", "c=x=y"), { a: "1", b: "", c: "x=y" });
  assertEquals(Object.entries(read("__proto__=1")), [["__proto__", "1"]]);
  assertThrows(() => read("a"), UsageError, '--meta "a" is not KEY=VALUE');
  assertThrows(() => read("=a"), UsageError, "is not KEY=VALUE");
  assertThrows(() => read("a=1", "a=2"), UsageError, "given twice");
});

Deno.test("byteRange reads START-END with END left out or not", () => {
  const read = (text: string) => byteRange(optionsOf(`--range=${text}`), "range");
  assertEquals(read("0-100"), { start: 0, end: 100 });
  assertEquals(read("5-"), { start: 5 });
  assertEquals(read("5-5"), { start: 5, end: 5 });
  assertEquals(byteRange(optionsOf(), "range"), {});
  for (const text of ["5", "-5", "a-b", "1-2-3", "9999999999999999-", "0-9999999999999999"]) {
    assertThrows(() => read(text), UsageError, "is not START-END");
  }
  assertThrows(() => read("9-3"), UsageError, "ends before it starts");
});
