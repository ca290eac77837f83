// The command `completions`: a script that lets a shell complete commands, options and local files. It is made
// from the tables of commands and options, so that it cannot be missing one.

import { quote } from "../base/names.ts";
import type { OptionRule } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";

/** What there is to complete. */
export interface Completable {
  readonly commands: readonly Command[];
  /** The options of every command. */
  readonly common: readonly OptionRule[];
}

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Prints the script for the shell that is the operand. */
export async function completions(
  { operands, screen }: CommandContext,
  completable: Completable,
): Promise<ExitCode> {
  const shell = operands[0]!;
  if (!Object.hasOwn(SCRIPTS, shell)) {
    throw new UsageError(`There are completions for bash, zsh and fish, but not ${quote(shell)}`);
  }
  await screen.results(SCRIPTS[shell as keyof typeof SCRIPTS](completable).trimEnd());
  return EXIT.done;
}

function bashScript({ commands, common }: Completable): string {
  const all = [...common, ...commands.flatMap(({ options }) => options)];
  const takesPath = namesOf(all.filter(isPath));
  const takesValue = namesOf(all.filter((option) => option.value && !isPath(option)));
  return `# Completion of morsel for bash: source <(morsel completions bash)
_morsel() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command='' options='' operands='' place IFS=$'\\n'
  for ((place = 1; place < COMP_CWORD; place++)); do
    case \${COMP_WORDS[place]} in
      ${[...takesPath, ...takesValue].join("|")}) ((place++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[place]}; break ;;
    esac
  done
  case $command in
${
    commands.map((command) => {
      const options = namesOf([...command.options, ...common]).join(" ");
      return `    ${command.name}) options='${options}'; operands='${operandsOf(command)}' ;;`;
    }).join("\n")
  }
    '') options='${namesOf(common).join(" ")}'; operands='${
    commands.map(({ name }) => name).join(" ")
  }' ;;
  esac
  case $before in
    ${takesPath.join("|")}) operands=files; word=\${word#=} ;;
    ${takesValue.join("|")}) COMPREPLY=(); return ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "\${options// /$IFS}" -- "$word"))
  elif [[ $operands == files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -W "\${operands// /$IFS}" -- "$word"))
  fi
}
complete -F _morsel morsel
`;
}

function zshScript({ commands, common }: Completable): string {
  return `#compdef morsel
# Completion of morsel for zsh: source <(morsel completions zsh), or save it as _morsel in a folder of fpath
_morsel() {
  local state line
  typeset -A opt_args
  local -a common commands
  common=(
${common.map((option) => `    ${zshOption(option)}`).join("\n")}
  )
  commands=(
${commands.map(({ name, summary }) => `    ${single(`${name}:${zshText(summary)}`)}`).join("\n")}
  )
  _arguments -C $common '1:command:->command' '*::operand:->operand'
  case $state in
    command) _describe command commands ;;
    operand)
      case $words[1] in
${commands.map(zshCommand).join("\n")}
      esac ;;
  esac
}
if [[ $funcstack[1] == _morsel ]]; then _morsel "$@"; else compdef _morsel morsel; fi
`;
}

function zshCommand(command: Command): string {
  const operands = operandsOf(command);
  const action = operands === "files" ? "_files" : operands === "" ? " " : `(${operands})`;
  const own = command.options.map(zshOption);
  const label = zshText(command.operands.toLowerCase());
  const specs = ["$common", ...own, ...label === "" ? [] : [single(`*:${label}:${action}`)]];
  return `        ${command.name}) _arguments ${specs.join(" ")} ;;`;
}

function zshOption(option: OptionRule): string {
  const { name, letter, value, summary, repeats } = option;
  const text = `[${zshText(summary)}]`;
  const argument = value ? `:${zshText(value)}:${isPath(option) ? "_files" : " "}` : "";
  const long = `--${name}${value ? "=" : ""}`;
  if (repeats || !letter) return single(`${repeats ? "*" : ""}${long}${text}${argument}`);
  const either = `(-${letter} --${name})`;
  return `${single(either)}{-${letter}${value ? "+" : ""},${long}}${single(text + argument)}`;
}

/** Text inside a specification of zsh, where brackets and colons mean something. */
function zshText(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function fishScript({ commands, common }: Completable): string {
  const lines = [
    "# Completion of morsel for fish: morsel completions fish | source",
    "complete -c morsel -f",
    ...common.map((option) => `complete -c morsel ${fishOption(option)}`),
  ];
  for (const command of commands) {
    const { name, summary, options } = command;
    lines.push(
      `complete -c morsel -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
    );
    const here = `complete -c morsel -n ${fishQuoted(`__fish_seen_subcommand_from ${name}`)}`;
    const operands = operandsOf(command);
    if (operands === "files") lines.push(`${here} -F`);
    else if (operands !== "") lines.push(`${here} -a ${fishQuoted(operands)}`);
    lines.push(...options.map((option) => `${here} ${fishOption(option)}`));
  }
  return lines.join("\n");
}

function fishOption(option: OptionRule): string {
  const { name, letter, value, summary } = option;
  const takes = isPath(option) ? " -r -F" : value ? " -x" : "";
  return `${letter ? `-s ${letter} ` : ""}-l ${name}${takes} -d ${fishQuoted(summary)}`;
}

/** What operands a command has: `files`, words with spaces between them, or nothing that can be known here. */
function operandsOf({ operands }: Command): string {
  if (/\b(FILE|DIR|PATH|SOURCE|TARGET)\b/.test(operands)) return "files";
  return /^\w+(\|\w+)+$/.test(operands) ? operands.replaceAll("|", " ") : "";
}

function isPath({ value }: OptionRule): boolean {
  return value !== undefined && /^(FILE|DIR|PATH)$/.test(value);
}

function namesOf(options: readonly OptionRule[]): string[] {
  const names = options.flatMap(({ name, letter }) =>
    letter ? [`-${letter}`, `--${name}`] : [
      `--${name}`,
    ]
  );
  return [...new Set(names)];
}

/** A word in single quotes, for bash and zsh. */
function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
