// What comes of a request: its last reply, or the error in place of that.

import { asMorselError, type MorselError } from "../base/errors.ts";
import type { Message } from "../protocol/messages.ts";
import { errorMessage } from "./error_message.ts";

/** The message that a request ends with, and the error that it tells of, if it does. */
export interface Outcome {
  readonly reply: Message;
  readonly error?: MorselError;
}

/** The outcome of work for the request with this tag. Never rejects. */
export function outcomeOf(tag: number, work: Promise<Message>): Promise<Outcome> {
  return work.then((reply) => ({ reply }), (thrown) => {
    const error = asMorselError(thrown, "internal");
    return { reply: errorMessage(tag, error), error };
  });
}
