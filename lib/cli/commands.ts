// The table of commands and options: what can be typed, what help says, and who does it.

import type { OptionRule } from "./arguments.ts";
import { cat } from "./cat.ts";
import type { Command } from "./command.ts";
import { completions } from "./completions.ts";
import { FOLDER_OPTIONS } from "./folder_options.ts";
import { hash } from "./hash.ts";
import { ls } from "./ls.ts";
import { cp, mv, rm, stat } from "./name_commands.ts";
import { stats } from "./stats.ts";
import { TRANSFER_COMMANDS } from "./transfer_commands.ts";
import { uploadsCommand, verifyCommand } from "./upkeep_commands.ts";
import { watch } from "./watch.ts";

/** The options that every command takes. */
export const COMMON_OPTIONS: readonly OptionRule[] = [
  {
    name: "server",
    value: "HOST:PORT",
    summary: "Ask this server, or one by its configured name; 127.0.0.1:1300 by default",
  },
  {
    name: "token-file",
    value: "FILE",
    summary: "Prove the token in this file; or MORSEL_TOKEN has it",
  },
  {
    name: "tls-ca",
    value: "FILE",
    summary: "Trust only this authority (PEM) at a server with TLS, morsels://HOST:PORT",
  },
  { name: "tls-cert", value: "FILE", summary: "Show this certificate to a server that asks" },
  { name: "tls-key", value: "FILE", summary: "The private key of that" },
  {
    name: "chunk-size",
    value: "N",
    summary: "Chunks of N bytes, 1300 by default; auto: 32768 on this machine",
  },
  {
    name: "limit-rate",
    value: "RATE",
    summary: "Move RATE bytes a second at most, all transfers together, as in 10M",
  },
  { name: "json", summary: "Print one JSON object a line, errors too" },
  { name: "quiet", letter: "q", summary: "Print neither messages nor what was done, only errors" },
  { name: "trace", summary: "Print every frame on standard error" },
  { name: "debug", summary: "Print where in the program an error arose" },
  { name: "help", letter: "h", summary: "Print help, also for a command" },
  { name: "version", summary: "Print the version" },
];

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [
  ...TRANSFER_COMMANDS,
  {
    name: "cat",
    operands: "NAME",
    least: 1,
    most: 1,
    names: "all",
    summary: "Print a file, or a range of its bytes",
    details: [
      "Bytes count from 0. END is the first byte that is not printed; it may be left out.",
      "Nothing is printed before it is proven against the file's digest.",
    ],
    options: [
      { name: "range", value: "START-END", summary: "Print only these bytes" },
      {
        name: "unverified",
        summary: "Take the server's word for them: a range needs no whole blocks",
      },
    ],
    examples: [
      ["cat notes.txt", "print it"],
      ["cat video.mp4 --range 0-1300", "print the first 1300 bytes"],
      ["cat log.txt --range 5000-", "print all from byte 5000 on"],
    ],
    run: cat,
  },
  {
    name: "ls",
    operands: "[PREFIX]",
    least: 0,
    most: 1,
    names: "all",
    summary: "List the files whose names begin with PREFIX, or all",
    details: [
      "One name a line, sorted; with -l size, time, version, digest and name. Sizes have units of",
      "1024: 1.5 KiB is 1536 bytes. A slash in a name is a character like any other, so that all",
      "names are listed; with --delimiter / what lies deeper shows as its folder, as in photos/.",
    ],
    options: [
      { name: "long", letter: "l", summary: "Print more than the name" },
      { name: "bytes", letter: "b", summary: "With -l print sizes in bytes, without a unit" },
      {
        name: "delimiter",
        letter: "d",
        value: "TEXT",
        summary: "List one level: names up to the first TEXT behind PREFIX, each once",
      },
      { name: "recursive", letter: "r", summary: "List names of every level, as by default" },
    ],
    examples: [
      ["ls", "list all files"],
      ["ls -l photos/", "list those under photos/, with size and time"],
      ["ls -d / photos/", "list what is right in photos/, and its folders"],
    ],
    run: ls,
  },
  {
    name: "stat",
    operands: "NAME",
    least: 1,
    most: 1,
    names: "all",
    summary: "Show size, version, digest, times and metadata of a file",
    details: [],
    options: [],
    examples: [["stat photos/a.jpg", "show what is known of it"]],
    run: stat,
  },
  {
    name: "rm",
    operands: "NAME…",
    least: 1,
    most: Infinity,
    names: "all",
    summary: "Remove files, or all files in folders",
    details: [
      "If one cannot be removed the others are removed all the same; see the exit codes. With",
      "--recursive each NAME is a folder: all names that begin with it and a slash are removed, but",
      "for what is put there meanwhile. GLOBs are those of get --recursive.",
    ],
    options: [
      { name: "recursive", letter: "r", summary: "Remove all files in the folder NAME" },
      ...FOLDER_OPTIONS.filter(({ name }) => name !== "checksum"),
    ],
    examples: [
      ["rm a.jpg b.jpg", "remove both"],
      ["rm -r photos -n", "say what would be removed"],
      ["rm -r photos", "remove photos/…"],
      ["rm -- -x", "remove the file -x"],
    ],
    run: rm,
  },
  {
    name: "mv",
    operands: "FROM TO",
    least: 2,
    most: 2,
    names: "all",
    summary: "Give a file another name, replacing what has that name",
    details: ["With a slash at its end TO goes before the last part of FROM."],
    options: [],
    examples: [
      ["mv draft.txt final.txt", "rename it"],
      ["mv a.jpg photos/", "rename it to photos/a.jpg"],
    ],
    run: mv,
  },
  {
    name: "cp",
    operands: "FROM TO",
    least: 2,
    most: 2,
    names: "all",
    summary: "Give the content of a file a second name; no bytes move",
    details: ["With a slash at its end TO goes before the last part of FROM."],
    options: [],
    examples: [["cp config.json config.old.json", "keep a copy"]],
    run: cp,
  },
  {
    name: "watch",
    operands: "[PREFIX]",
    least: 0,
    most: 1,
    names: "all",
    summary: "Tell of changes to names that begin with PREFIX, or all",
    details: [
      "One change a line, as it is made: time, sequence, put or remove, size, name; mv is both. Ctrl-C",
      "ends it. No change is missed or told twice when the connection is lost or the server restarts.",
      "With --json the first object has the kind watching, the last one stopped: all changes up to",
      "their sequence have been told.",
    ],
    options: [
      {
        name: "since",
        value: "N",
        summary: "Begin after the change with the sequence N; 0 is before the first",
      },
    ],
    examples: [
      ["watch", "tell of all changes from now on"],
      ["watch photos/ --since 1041", "tell of those there after change 1041, and go on"],
      ["watch --json | jq -r .name", "hand them to another program"],
    ],
    // The server has told what to do.
    nextSteps: { gone: "" },
    run: watch,
  },
  {
    name: "verify",
    operands: "NAME",
    least: 1,
    most: 1,
    names: "all",
    summary: "Prove that the server has a file, by blocks at random",
    details: ["Each block comes with a proof against the digest; the rest is not fetched."],
    options: [{ name: "sample", value: "N", summary: "Read N blocks of 64 KiB; 100 by default" }],
    examples: [["verify video.mp4 --sample 1000", "read 1000 blocks of it"]],
    run: verifyCommand,
  },
  {
    name: "uploads",
    operands: "",
    least: 0,
    most: 0,
    summary: "List uploads that were not finished, or forget one",
    details: ["The same put run again goes on with them. They expire by themselves in the end."],
    options: [{ name: "abort", value: "ID", summary: "Forget this one" }],
    nextSteps: { not_found: "morsel uploads shows them" },
    examples: [["uploads", "list them: id, bytes that are safe, state, last activity, name"]],
    run: uploadsCommand,
  },
  {
    name: "stats",
    operands: "",
    least: 0,
    most: 0,
    summary: "Show what the server holds and does, and what a token has used",
    details: [
      "Without a token, or with one that may do everything with all files, all there is to tell; with any",
      "other token what is its own: its files, its quota, what its unfinished uploads have reserved.",
    ],
    options: [],
    examples: [
      ["stats", "show it as a table"],
      ["stats --json | jq .freeBytes", "hand a number to another program"],
    ],
    nextSteps: {
      unsupported: "the server is older than this client: it has no statistics to ask for",
    },
    run: stats,
  },
  {
    name: "hash",
    operands: "FILE",
    least: 1,
    most: 1,
    isLocal: true,
    summary: "Print the digest of a local file; needs no server",
    details: ['It is what put and stat show for the same content. "-" is standard input.'],
    options: [],
    examples: [["hash report.pdf", "compare it with: morsel stat report.pdf"]],
    run: hash,
  },
  {
    name: "completions",
    operands: "bash|zsh|fish",
    least: 1,
    most: 1,
    isLocal: true,
    summary: "Print a script that completes commands, options and files",
    details: ["It is for a program that is called morsel, be it the binary or an alias."],
    options: [],
    examples: [
      ["source <(morsel completions bash)", "complete in this shell; put it in ~/.bashrc to keep"],
      ["morsel completions fish | source", "the same in fish"],
    ],
    run: (context) => completions(context, { commands: COMMANDS, common: COMMON_OPTIONS }),
  },
];
