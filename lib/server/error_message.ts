// An error as the frame that tells the client (PROTOCOL.md 5).

import { ERRORS, MorselError } from "../base/errors.ts";
import type { MessageOf } from "../protocol/messages.ts";

/** The Error message for a request, or for the whole session with tag 0. */
export function errorMessage(tag: number, error: MorselError): MessageOf<"Error"> {
  const { number, retry } = ERRORS[error.code];
  return {
    type: "Error",
    tag,
    // An error of the store's connection to elsewhere is no business of the client's numbering.
    code: number || ERRORS.internal.number,
    retry: Number(retry),
    text: error.message.slice(0, 1000),
    detail: error.detail,
  };
}

/** What a request is told that comes when the server is about to stop. */
export function draining(): MorselError {
  return new MorselError("draining", ERRORS.draining.meaning);
}
