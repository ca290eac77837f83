// What a person is told of a transfer that goes on, or begins again, beside its progress.

import { quote } from "../base/names.ts";
import type { TransferEvent } from "../client/types.ts";
import type { Reconnecting } from "../client/link.ts";
import type { CommandContext } from "./command.ts";
import type { Tracker } from "./progress.ts";
import type { Screen } from "./screen.ts";

/** A transfer that goes on behind bytes that are there already. */
export interface Resume {
  readonly name: string;
  /** Bytes that are there, and bytes there will be. */
  readonly offset: number;
  readonly total: number;
}

/** Tells that a transfer goes on. */
export async function tellResume(
  { screen }: CommandContext,
  { name, offset, total }: Resume,
): Promise<void> {
  const line = `${quote(name)}: resuming at ${Math.floor(offset / total * 100)} %`;
  await screen.message(line, { event: "resumed", name, offset, total });
}

/** What to do with the events of one file's transfer, whose progress is that of `tracker`. */
export function onTransferEvent(
  context: CommandContext,
  name: string,
  tracker: Pick<Tracker, "resumed">,
): (event: TransferEvent) => void {
  return (event) => {
    tracker.resumed(event.kind === "resumed" ? event.offset : 0);
    // Not waited for: the transfer goes on meanwhile, and a screen that fails has nobody to tell.
    if (event.kind === "resumed") void tellResume(context, { name, ...event }).catch(() => {});
    else {
      const { reason } = event;
      const line = `${quote(name)}: starting afresh, as ${reason}`;
      void context.screen.message(line, { event: "restarted", name, reason }).catch(() => {});
    }
  };
}

/** Tells that the connection is lost and being made again; a storm of attempts is one line a doubling. */
export function tellReconnecting(screen: Screen, { attempt, pauseMs, reason }: Reconnecting): void {
  if (!Number.isInteger(Math.log2(attempt))) return;
  const what = attempt === 1 ? "connecting again" : `connecting again, attempt ${attempt}`;
  const { code, message } = reason;
  const event = { event: "reconnecting", attempt, pauseMs, reason: { code, message } };
  void screen.message(`${message}; ${what}`, event).catch(() => {});
}
