// The text of --help, made from the tables, so that it cannot be missing an option.

import type { OptionRule } from "./arguments.ts";
import type { Command } from "./command.ts";
import { EXIT_MEANINGS } from "./exit_codes.ts";

/** Help for a command. */
export function commandHelp(command: Command, common: readonly OptionRule[]): string {
  const { name, operands, summary, details, options, examples } = command;
  const own = optionRows(options);
  const shared = optionRows(common);
  // One width, so that both lists of options read as one table.
  const width = widthOf([...own, ...shared]);
  return joinSections([
    [`${summary}.`],
    [`Usage: morsel ${name} ${options.length > 0 ? "[OPTIONS] " : ""}${operands}`.trimEnd()],
    details,
    section("Options:", own, width),
    section("Options of every command:", shared, width),
    section("Examples:", exampleRows(examples)),
  ]);
}

/** Help for the client program. */
export function clientHelp(commands: readonly Command[], common: readonly OptionRule[]): string {
  return joinSections([
    ["morsel: store files on a Morsel server, and get them back as they were."],
    [
      "Usage: morsel [OPTIONS] COMMAND …",
      "       where morsel stands for: deno run -A client.ts",
    ],
    section(
      "Commands:",
      commands.map(({ name, operands, summary }) => [`${name} ${operands}`, summary]),
    ),
    section("Options:", optionRows(common)),
    section(
      "Examples:",
      exampleRows([
        ["put report.pdf", "store a file"],
        ["ls -l", "list what is there"],
        ["get report.pdf -o copy.pdf", "fetch it"],
        ["--server 192.168.1.20 ls", "ask another server, on port 1300"],
        ["get home:report.pdf", "ask the server that is configured as home"],
      ]),
    ),
    section("Environment:", [
      ["MORSEL_SERVER", "the server to ask without --server: HOST:PORT, or a configured name"],
      ["MORSEL_TOKEN", "the token of the server, where it asks for one"],
      ["MORSEL_CONFIG", "the configuration, in place of ~/.config/morsel/config.json"],
    ]),
    exitCodeSection(),
    ["morsel COMMAND --help tells more about a command."],
  ]);
}

/** Help for the server program. */
export function serverHelp(
  options: readonly OptionRule[],
  token: readonly OptionRule[],
): string {
  return joinSections([
    ["morsel-server: keep files in a folder, and serve them over TCP."],
    [
      "Usage: morsel-server [OPTIONS]",
      "       morsel-server check [--data DIR]",
      "       morsel-server token create NAME [OPTIONS] | token ls | token revoke NAME",
      "       where morsel-server stands for: deno run -A server.ts",
    ],
    [
      'It prints "listening on HOST:PORT" on standard output when it is ready, and stops cleanly',
      "on SIGINT and SIGTERM; a second signal ends it at once.",
    ],
    [
      "check reads all that is stored, and names what is damaged; token makes, lists and revokes",
      "what clients prove.",
    ],
    section("Options:", optionRows(options)),
    section("Options of token, beside --data:", optionRows(token)),
    section("Examples:", [
      [
        "morsel-server token create cam --allow create --prefix cam/",
        "let somebody only add files",
      ],
      ["morsel-server", "serve ./morsel-data on 127.0.0.1:1300"],
      ["morsel-server --data /srv/files", "keep the files there"],
      ["morsel-server --listen 127.0.0.1:0", "take any free port"],
    ]),
    exitCodeSection(),
  ]);
}

function optionRows(options: readonly OptionRule[]): Row[] {
  return options.map(({ name, letter, value, summary }) => [
    `${letter ? `-${letter}, ` : "    "}--${name}${value ? ` ${value}` : ""}`,
    summary,
  ]);
}

function exampleRows(examples: Command["examples"]): Row[] {
  // A pipeline names the program where it stands in it.
  return examples.map(([line, meaning]) => [
    line.includes("morsel ") ? line : `morsel ${line}`,
    meaning,
  ]);
}

function exitCodeSection(): string[] {
  return section(
    "Exit codes:",
    EXIT_MEANINGS.map(([code, meaning]) => [String(code).padStart(3), meaning]),
  );
}

type Row = readonly [left: string, right: string];

function section(title: string, rows: readonly Row[], width = widthOf(rows)): string[] {
  if (rows.length === 0) return [];
  return [title, ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)];
}

function widthOf(rows: readonly Row[]): number {
  return Math.max(0, ...rows.map(([left]) => left.length));
}

function joinSections(sections: readonly (readonly string[])[]): string {
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n");
}
