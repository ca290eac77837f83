// Requests made by hand, with what a test has no opinion on filled in.

import type { MessageOf } from "../../lib/protocol/messages.ts";
import { UNKNOWN_SIZE } from "../../lib/protocol/messages.ts";
import { digestOf } from "./content.ts";

/** Begins an upload, of a size that is not known and to a name that may have a file. */
export function begin(
  tag: number,
  fields: Partial<Omit<MessageOf<"Begin">, "type" | "tag">> = {},
): MessageOf<"Begin"> {
  return {
    type: "Begin",
    tag,
    declaredSize: UNKNOWN_SIZE,
    resume: 0,
    condition: 0,
    ifVersion: 0,
    modifiedMs: 0,
    metadata: {},
    name: "a",
    ...fields,
  };
}

/** The next bytes of an upload. */
export function data(tag: number, bytes: Uint8Array, offset = 0): MessageOf<"Data"> {
  return { type: "Data", tag, offset, data: bytes };
}

/** Ends an upload of this content. */
export function commit(tag: number, content: Uint8Array): MessageOf<"Commit"> {
  return { type: "Commit", tag, size: content.length, digest: digestOf(content) };
}

/** Asks for all of the newest version, in chunks of the usual size. */
export function read(
  tag: number,
  fields: Partial<Omit<MessageOf<"ReadRange">, "type" | "tag">> = {},
): MessageOf<"ReadRange"> {
  return {
    type: "ReadRange",
    tag,
    offset: 0,
    length: 2 ** 40,
    chunk: 1300,
    proof: 0,
    version: 0,
    name: "a",
    ...fields,
  };
}

/** Asks for all changes, from the first one on. */
export function watch(
  tag: number,
  fields: Partial<Omit<MessageOf<"Watch">, "type" | "tag">> = {},
): MessageOf<"Watch"> {
  return { type: "Watch", tag, since: 0, limit: 1000, prefix: "", ...fields };
}

/** Asks for a file without its bytes. */
export function stat(tag: number, name = "a"): MessageOf<"Stat"> {
  return { type: "Stat", tag, name };
}
