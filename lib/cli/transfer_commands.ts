// The rows of the table of commands that move files, one or a folder of them, one way or the other.

import type { Command } from "./command.ts";
import { FOLDER_DETAILS, FOLDER_OPTIONS } from "./folder_options.ts";
import { get } from "./get.ts";
import { put } from "./put.ts";
import { sync } from "./sync.ts";

/** They come first in help. */
export const TRANSFER_COMMANDS: readonly Command[] = [
  {
    name: "put",
    operands: "FILE…",
    least: 1,
    most: Infinity,
    names: "last",
    summary: "Store files, folders or standard input",
    details: [
      "A file is stored under the last part of its path, what is in a folder under the folder's",
      'name, a slash and its path in there. "-" is standard input and needs --as.',
      "The old version stays readable until the new one is complete and safe on the server's disk.",
      ...FOLDER_DETAILS,
    ],
    options: [
      {
        name: "as",
        value: "NAME",
        summary: "Store it under NAME; one ending in a slash goes before the names",
      },
      { name: "recursive", letter: "r", summary: "Store what is in folders" },
      ...FOLDER_OPTIONS,
      { name: "if-absent", summary: "Only if there is no file of that name" },
      { name: "if-version", value: "N", summary: "Only if the file there has version N" },
      {
        name: "meta",
        value: "KEY=VALUE",
        repeats: true,
        summary: "Store a string with the file; repeat it for more",
      },
    ],
    examples: [
      ["put report.pdf", "store it as report.pdf"],
      ["put *.jpg --as photos/", "store them as photos/…"],
      ["put -r photos", "store what is in the folder as photos/…"],
      ["put -r photos --as 2026 --exclude '*.tmp'", "store it as 2026/…, but no .tmp"],
      ["tar c src | morsel put - --as src.tar", "store what another program prints"],
    ],
    run: put,
  },
  {
    name: "get",
    operands: "NAME",
    least: 1,
    most: 1,
    names: "all",
    summary: "Fetch a file or folder into the current folder, or where -o says",
    details: [
      "A file appears only when every byte of it has been proven against its digest; until then",
      "a file that was there before stays as it is. With --recursive NAME is a folder: all files",
      'whose names begin with it and a slash are fetched; "" is all there are. Names that lead out',
      "of the target folder, or that the file system cannot hold, are refused one by one.",
      ...FOLDER_DETAILS,
    ],
    options: [
      { name: "recursive", letter: "r", summary: "Fetch all files in the folder NAME" },
      {
        name: "output",
        letter: "o",
        value: "PATH",
        summary: "Write to this file or into this folder; - is standard output",
      },
      {
        name: "connections",
        value: "N",
        summary: "Fetch a large file, or the files of a folder, over N connections, 1 to 16",
      },
      ...FOLDER_OPTIONS,
    ],
    examples: [
      ["get photos/a.jpg", "write ./a.jpg"],
      ["get photos/a.jpg -o b.jpg", "write ./b.jpg"],
      ["get src.tar -o - | tar x", "hand it to another program"],
      ["get -r photos", "write ./photos/…"],
      ["get -r photos -o pictures", "write ./pictures/…"],
    ],
    run: get,
  },
  {
    name: "sync",
    operands: "SOURCE TARGET",
    least: 2,
    most: 2,
    names: "one",
    summary: "Make a folder on the server as one here is, or the other way round",
    details: [
      "SOURCE is a folder here and TARGET one on the server, with --down the other way round: a file's",
      "name is the folder on the server, a slash and its path in the folder here. A configured server",
      "before one of them, as in home:photos, says which is which.",
      "What only the target has stays, unless --delete is given: then it is removed in the end, if",
      "all has come across; what is excluded or left out stays in any case.",
      ...FOLDER_DETAILS,
    ],
    options: [
      { name: "down", summary: "The server is the source and the folder the target" },
      { name: "delete", summary: "Remove what only the target has" },
      ...FOLDER_OPTIONS,
    ],
    examples: [
      ["sync photos photos", "store what is new or has changed in the folder"],
      ["sync photos photos --delete -n", "say what would be stored and removed"],
      ["sync --down photos pictures", "fetch what is new or has changed on the server"],
      ["sync home:photos pictures", "the same from the server that is configured as home"],
    ],
    run: sync,
  },
];
