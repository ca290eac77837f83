// The commands that look after what is on the server: `verify` a file by samples, `uploads` that were not ended.

import type { CommandContext } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";
import { formatSize, formatTime, printable } from "./format.ts";
import { wholeNumber } from "./option_values.ts";

/** Proves that the server has a file, by blocks at random. */
export async function verifyCommand(context: CommandContext): Promise<ExitCode> {
  const { operands, options, screen, signal } = context;
  const sample = wholeNumber(options, "sample", { least: 1, most: Number.MAX_SAFE_INTEGER });
  const client = await context.connect({ early: true });
  const given = sample === undefined ? {} : { sample };
  const { file, blocks, of } = await client.verify(operands[0]!, { ...given, signal });
  if (options.flag("quiet")) return EXIT.done;
  const { name, version, digest } = file;
  const line = options.flag("json")
    ? JSON.stringify({ name, version, digest, blocks, of })
    : `${printable(name)}  v${version}  ${blocks} of ${of} blocks proven  ${digest}`;
  await screen.results(line);
  return EXIT.done;
}

/** Lists unfinished uploads, or forgets one. */
export async function uploadsCommand(context: CommandContext): Promise<ExitCode> {
  const { options, screen, signal } = context;
  const abort = options.value("abort");
  if (abort !== undefined && !/^[0-9a-f]{32}$/.test(abort)) {
    throw new UsageError(`--abort takes an id of 32 hexadecimal digits; morsel uploads shows them`);
  }
  const client = await context.connect({ early: true });
  if (abort !== undefined) {
    await client.abortUpload(abort, { signal });
    if (!options.flag("quiet")) await screen.results(`aborted the upload ${abort}`);
    return EXIT.done;
  }
  for (const upload of await client.uploads({ signal })) {
    const { id, name, durable, declaredSize, activeMs, isAttached } = upload;
    const size = declaredSize === undefined ? "?" : formatSize(declaredSize);
    const state = isAttached ? "running" : "waiting";
    const facts = [id, `${formatSize(durable)} of ${size}`, state, formatTime(activeMs)];
    const line = [...facts, printable(name)].join("  ");
    await screen.results(options.flag("json") ? JSON.stringify(upload) : line);
  }
  return EXIT.done;
}
