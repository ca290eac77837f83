// The command `cat`: a file of the server, or a range of it, on standard output.

import { type CommandContext, transferOptions } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { byteRange } from "./option_values.ts";
import { ProgressDisplay } from "./progress.ts";
import { progressOptions } from "./progress_options.ts";

/** Prints a file. */
export async function cat(context: CommandContext): Promise<ExitCode> {
  const { operands, options } = context;
  const verify = !options.flag("unverified");
  return await printDownload(context, operands[0]!, { ...byteRange(options, "range"), verify });
}

/** Writes the bytes of a file to standard output, until nobody reads them any more. */
export async function printDownload(
  context: CommandContext,
  name: string,
  range: { start?: number; end?: number; verify?: boolean },
): Promise<ExitCode> {
  const { host, screen } = context;
  const client = await context.connect({ early: true });
  const shown = progressOptions(context);
  // On a terminal the bytes themselves show how far they have come.
  const isShown = shown.audience === "person" && host.stdout.isTerminal;
  await using progress = new ProgressDisplay({
    ...shown,
    ...(isShown && { audience: "nobody" }),
    files: 1,
  });
  using tracker = progress.track(name);
  const { counters, update: onProgress } = tracker;
  const options = { ...transferOptions(context), ...range, onProgress, counters };
  await counters.transfer(async () => {
    const download = await client.get(name, options);
    for await (const bytes of download.readable) {
      await counters.wait("disk", screen.data(bytes));
      // Given back at once: the collector comes round to it by what lives in the heap, of which this is no part.
      bytes.buffer.transfer(0);
      if (screen.resultsUnread) break;
    }
  });
  tracker.done();
  return EXIT.done;
}
