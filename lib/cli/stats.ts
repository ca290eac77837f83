// The command `stats`: what a server tells of itself, as a table for people or an object for programs.

import type { Figures } from "../client/types.ts";
import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { formatCount, formatDuration, formatSize, printable } from "./format.ts";

/** Shows the figures of the server. */
export async function stats(context: CommandContext): Promise<ExitCode> {
  const { options, screen, signal } = context;
  const client = await context.connect({ early: true });
  const figures = await client.stats({ signal });
  await screen.results(
    options.flag("json") ? JSON.stringify(figures) : figureLines(figures).join("\n"),
  );
  return EXIT.done;
}

/** A line of the table: what it is, how many, and how large; undefined is nothing to tell. */
type Row = readonly [label: string, count: number | undefined, bytes?: number | undefined];

/** The lines that tell figures to people. What the server does not tell is left out. */
export function figureLines(figures: Figures): string[] {
  const { version, uptimeMs } = figures;
  const up = uptimeMs === undefined ? "" : `, up ${formatDuration(uptimeMs)}`;
  return [
    ...(version === undefined ? [] : [`server ${printable(version)}${up}`]),
    ...section("this token", ownRows(figures)),
    ...section("store", storeRows(figures)),
    ...section("now", [
      ["connections", figures.sessions],
      ["transfers", figures.transfers],
      ["addresses with a penalty", figures.penalised],
    ]),
    ...section("since the start", [
      ["received", undefined, figures.receivedBytes],
      ["sent", undefined, figures.sentBytes],
      ["files stored", figures.commits],
      ["files removed", figures.removals],
      ["requests refused", figures.refusals],
      ["connections too slow", figures.deadlines],
      ["connections turned away", figures.turnedAway],
      ["penalties", figures.penalties],
      ["damages found", figures.damages],
    ]),
  ];
}

function ownRows(figures: Figures): Row[] {
  return [
    ["files", figures.ownFiles, figures.ownBytes],
    ["reserved by uploads", figures.ownReservedFiles, figures.ownReservedBytes],
    ["quota", figures.ownQuotaFiles, figures.ownQuotaBytes],
    ["unfinished uploads", figures.ownUploads],
  ];
}

function storeRows(figures: Figures): Row[] {
  return [
    ["files", figures.files, figures.bytes],
    ["contents, equal ones once", figures.contents, figures.contentBytes],
    ["reserved by uploads", figures.reservedFiles, figures.reservedBytes],
    ["quota", figures.quotaFiles, figures.quotaBytes],
    ["unfinished uploads", figures.uploads],
    ["disk, free", undefined, figures.freeBytes],
    ["disk, kept free", undefined, figures.reserveBytes],
  ];
}

function section(title: string, rows: readonly Row[]): string[] {
  const told = rows.filter(([, count, bytes]) => count !== undefined || bytes !== undefined);
  if (told.length === 0) return [];
  return [title, ...told.map(rowLine)];
}

function rowLine([label, count, bytes]: Row): string {
  const many = count === undefined ? "" : formatCount(count);
  const large = bytes === undefined ? "" : formatSize(bytes);
  return `  ${label.padEnd(26)}${many.padStart(13)}  ${large.padStart(9)}`.trimEnd();
}
