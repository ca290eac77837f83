// The unfinished uploads of a catalog one after the other: a page of them is in memory at a time, however many there
// are, and others have their turn between two pages. One that begins or ends meanwhile may be told or not.

import type { CheckedName } from "../base/names.ts";
import type { Clock } from "../base/clock.ts";
import type { Catalog, ListedUpload } from "./catalog.ts";

/** Uploads in memory at a time: each has its name twice, of up to 1 KiB. */
const PAGE_LENGTH = 64;

/** Where they are read from. */
export interface UploadPagesParts {
  readonly catalog: Pick<Catalog, "uploads" | "uploadsTo">;
  readonly clock: Pick<Clock, "soon">;
}

/** All of them, the oldest first. */
export function eachUpload({ catalog, clock }: UploadPagesParts): AsyncGenerator<ListedUpload> {
  return eachOf(0, (after) => catalog.uploads(after, PAGE_LENGTH), clock);
}

/** Those to one name, the newest first. */
export function eachUploadTo(
  name: CheckedName,
  { catalog, clock }: UploadPagesParts,
): AsyncGenerator<ListedUpload> {
  const read = (before: number) => catalog.uploadsTo(name, before, PAGE_LENGTH);
  return eachOf(Number.MAX_SAFE_INTEGER, read, clock);
}

async function* eachOf(
  start: number,
  read: (from: number) => Promise<ListedUpload[]>,
  clock: Pick<Clock, "soon">,
): AsyncGenerator<ListedUpload> {
  for (let from = start;;) {
    const page = await read(from);
    yield* page;
    if (page.length < PAGE_LENGTH) return;
    from = page.at(-1)!.number;
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
}
