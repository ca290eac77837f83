// An upload (PROTOCOL.md 4.5), over as many connections as it takes. A small file goes out whole before anything
// comes back: one round trip. A large one goes on where the server's stable storage ends.

import { MorselError } from "../base/errors.ts";
import { toHex } from "../base/hex.ts";
import { BLOCK_SIZE } from "../base/merkle.ts";
import { quote } from "../base/names.ts";
import { isSameStrings } from "../base/same_strings.ts";
import { DEFAULT_CHUNK } from "../protocol/limits.ts";
import { modifiedOf } from "./begin_message.ts";
import type { Calls } from "./calls.ts";
import { fileInfoOf } from "./file_info.ts";
import type { Link } from "./link.ts";
import { openSource } from "./put_source.ts";
import { digestSmall } from "./small_digest.ts";
import type { FileInfo, PutOptions, PutSource } from "./types.ts";
import { uploadSmall } from "./upload_small.ts";
import { UploadAttempt, type UploadState } from "./upload_attempt.ts";
import { UploadHasher } from "./upload_hasher.ts";

/** Puts a source under a name; the file is durable when this settles. */
export async function upload(
  link: Link,
  { name, source }: { name: string; source: PutSource },
  options: PutOptions,
): Promise<FileInfo> {
  const opened = openSource(source, options.size);
  const { bytes } = opened;
  if (bytes && bytes.length <= BLOCK_SIZE) return await small(link, { name, bytes }, options);
  const isLarge = opened.isRepeatable && (opened.size ?? 0) > BLOCK_SIZE;
  let attempts = 0;
  const state: UploadState = {
    name,
    source: opened,
    options,
    hasher: new UploadHasher(),
    // Without a time a source cannot be told from another of its size: only what this call has begun is its own.
    mayResume: isLarge && (options.modifiedMs ?? 0) > 0,
    received: 0,
    committing: undefined,
  };
  const { signal } = options;
  try {
    const work = async (calls: Calls) => {
      if (!calls.hasGreeted && !mayBeginEarly(state)) await calls.greeted;
      if (attempts++ > 0) state.mayResume = isLarge;
      return await attempt(calls, state);
    };
    const outcome = await link.run(work, {
      signal,
      isRepeatable: opened.isRepeatable,
      isSpent: () => opened.isSpent,
      progress: () => state.received,
    });
    return ownFile(name, outcome);
  } finally {
    await opened.close();
  }
}

async function small(
  link: Link,
  { name, bytes }: { name: string; bytes: Uint8Array },
  options: PutOptions,
): Promise<FileInfo> {
  const digest = await digestSmall(bytes, options.counters);
  const committing = { size: bytes.length, digest };
  let attempts = 0;
  const outcome = await link.run(async (calls) => {
    if (!calls.hasGreeted) await calls.greeted;
    const done = attempts++ > 0 && await findDone(calls, { name, options, committing });
    return done || await uploadSmall(calls, { name, bytes, digest }, options);
  }, { signal: options.signal });
  return ownFile(name, outcome);
}

/** The file that was put. Throws `connection` for one of others; not inside the work of a link, which would do it again. */
function ownFile(name: string, outcome: FileInfo | "of anybody"): FileInfo {
  if (outcome !== "of anybody") return outcome;
  throw new MorselError(
    "connection",
    `The connection was lost, and ${quote(name)} has this content now: who put it is not known`,
    { detail: { outcome: "unknown" } },
  );
}

/**
 * Whether Begin may go out behind our own greeting, as its data waits for Begun: a round trip less. Not where the
 * server may refuse its chunks, as what fails behind Begin drops what an earlier run has brought.
 */
function mayBeginEarly({ mayResume, options }: UploadState): boolean {
  return mayResume && (options.chunkSize ?? DEFAULT_CHUNK) <= DEFAULT_CHUNK;
}

async function attempt(calls: Calls, state: UploadState): Promise<FileInfo | "of anybody"> {
  const done = await findDone(calls, state);
  if (done) return done;
  const outcome = await new UploadAttempt(calls, state).run();
  if (outcome !== "source differs") return outcome;
  // What the server had was of another source than ours, and is dropped.
  state.mayResume = false;
  state.hasher = new UploadHasher();
  const reason = "the source has changed since";
  state.options.onEvent?.({ kind: "restarted", reason });
  return await attempt(calls, state);
}

/** The file, if the Commit whose answer was lost has been carried out, or somebody else has put all the same. */
async function findDone(
  calls: Calls,
  { committing, name, options }: Pick<UploadState, "committing" | "name" | "options">,
): Promise<FileInfo | "of anybody" | undefined> {
  if (!committing) return undefined;
  const file = await calls.call({ type: "Stat", name }, options).then(fileInfoOf, () => undefined);
  const isSame = file !== undefined && file.version !== options.ifVersion &&
    file.size === committing.size && file.digest === toHex(committing.digest) &&
    file.modifiedMs === modifiedOf(options) && isSameStrings(file.metadata, options.metadata ?? {});
  if (!isSame) return undefined;
  // Others may have met the condition, and with the same: a lock that all of them write alike is theirs then.
  return options.ifAbsent || options.ifVersion !== undefined ? "of anybody" : file;
}
