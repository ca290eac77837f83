// The completion scripts, in the shells that are there: bash completes for real, the others read the script.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS, COMMON_OPTIONS } from "../../lib/cli/commands.ts";
import { CliRun } from "../support/cli_run.ts";

/** Runs a shell; undefined where it is not installed. */
async function run(shell: string, args: string[], cwd?: string): Promise<string | undefined> {
  try {
    const command = new Deno.Command(shell, { args, ...(cwd && { cwd }) });
    const { code, stdout, stderr } = await command.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function scriptFor(shell: string): Promise<string> {
  await using cli = await CliRun.open();
  assertEquals(await cli.run("completions", shell), 0);
  assertEquals(cli.address, undefined);
  return cli.out;
}

const hasBash = await run("bash", ["-c", ":"]) !== undefined;

Deno.test({
  name: "in bash commands, options and files are completed",
  ignore: !hasBash,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/a file.txt`, "");
    await Deno.mkdir(`${folder}/album`);
    await Deno.writeTextFile(`${folder}/script`, await scriptFor("bash"));
    const complete = async (...words: string[]) => {
      const quoted = ["morsel", ...words].map((word) => `'${word}'`).join(" ");
      const line =
        `source ./script; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _morsel; ` +
        'printf "%s\\n" "${COMPREPLY[@]}"';
      return (await run("bash", ["--norc", "-c", line], folder))!.trimEnd().split("\n");
    };
    const names = COMMANDS.map(({ name }) => name);
    assertEquals(await complete(""), names);
    assertEquals(await complete("comp"), ["completions"]);
    assertEquals(await complete("completions", ""), ["bash", "zsh", "fish"]);
    assertEquals(await complete("--lim"), ["--limit-rate"]);
    assertEquals((await complete("put", "a")).sort(), ["a file.txt", "album"]);
    assertEquals(await complete("--json", "--server", "get", "put", "a f"), ["a file.txt"]);
    assertEquals(await complete("get", ""), [""]);
    assertEquals(await complete("get", "x", "-o", "alb"), ["album"]);
    assertEquals(await complete("put", "--if-version", ""), [""]);
    for (const { name, options } of COMMANDS) {
      const offered = await complete(name, "--");
      for (const option of [...options, ...COMMON_OPTIONS]) {
        assert(offered.includes(`--${option.name}`), `${name} --${option.name}`);
      }
    }
    await Deno.remove(folder, { recursive: true });
  },
});

for (const shell of ["zsh", "fish"]) {
  const isThere = await run(shell, ["-c", ":"]) !== undefined;
  Deno.test({
    name: `the script for ${shell} is one${isThere ? "" : ", which cannot be checked without it"}`,
    ignore: !isThere,
    fn: async () => {
      const path = await Deno.makeTempFile();
      await Deno.writeTextFile(path, await scriptFor(shell));
      assertEquals(await run(shell, ["-n", path]), "");
      if (shell === "fish") {
        const line = `source ${path}; complete -C "morsel comp"; complete -C "morsel get --conn"`;
        const completed = await run(shell, ["--no-config", "-c", line]);
        for (const word of ["completions\t", "--connections\t"]) {
          assertStringIncludes(completed!, word);
        }
      }
      await Deno.remove(path);
    },
  });
}

Deno.test("every command and option is in each script", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await scriptFor(shell);
    const options = COMMANDS.flatMap(({ options }) => options);
    for (const { name } of [...COMMANDS, ...COMMON_OPTIONS, ...options]) {
      assertStringIncludes(script, name);
    }
  }
});

Deno.test("completions for another shell are a mistake", async () => {
  await using cli = await CliRun.open();
  assertEquals(await cli.run("completions", "tcsh"), 2);
  assertEquals(
    cli.err,
    'morsel: There are completions for bash, zsh and fish, but not "tcsh"\n',
  );
});
