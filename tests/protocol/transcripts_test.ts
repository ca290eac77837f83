// Plays every conversation of tests/transcripts against a session of the server, with a store in memory.

import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { figuresFor, type FigureSources } from "../../lib/server/figures.ts";
import { TokenWatch } from "../../lib/server/token_watch.ts";
import { serveSession } from "../../lib/server/session.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { MemoryBlobs } from "../support/memory_blobs.ts";
import { MemoryCatalog } from "../support/memory_catalog.ts";
import { memoryPair } from "../support/memory_connection.ts";
import type { Variables } from "../support/parse_notation.ts";
import { FIXED_NONCE, fixedTokens } from "../support/tokens.ts";
import { conversations, runTranscript } from "../support/transcript.ts";

const folder = new URL("../transcripts/", import.meta.url);
const files = [...Deno.readDirSync(folder)]
  .map(({ name }) => name)
  .filter((name) => name.endsWith(".txt"))
  .sort();

// One whose frames have to arrive together, as the file says, and those with too many bytes for small pieces.
const WHOLE_ONLY = ["cancel_waiting_read.txt", "proof.txt", "resume.txt"];
/** Where the server asks for a token. */
const WITH_TOKENS = ["authentication.txt"];
const MAX_REQUESTS: Record<string, number> = { "too_many_requests.txt": 16 };

for (const file of files) {
  Deno.test(`serveSession() holds the conversation ${file}`, async () => {
    await play(file, { cut: Infinity });
  });
  if (WHOLE_ONLY.includes(file)) continue;
  Deno.test(`serveSession() holds the conversation ${file} in pieces of 3 bytes`, async () => {
    await play(file, { cut: 3 });
  });
}

async function play(file: string, { cut }: { cut: number }): Promise<void> {
  await using store = await newStore();
  const transcript = await Deno.readTextFile(new URL(file, folder));
  const variables: Variables = new Map();
  const sources: FigureSources = {
    store,
    clock: systemClock,
    begunMs: systemClock.monotonicMs(),
    facts: { version: "test" },
    admission: () => ({ sessions: 1, penalised: 0 }),
  };
  const options = cut === Infinity ? {} : { cuts: () => cut };
  const tokens = WITH_TOKENS.includes(file)
    ? new TokenWatch(await fixedTokens(systemClock), { clock: systemClock })
    : undefined;
  for (const conversation of conversations(transcript)) {
    const [client, server] = memoryPair(options);
    const faults: unknown[] = [];
    const served = serveSession(server, {
      store,
      limits: { ...DEFAULT_LIMITS, maxRequests: MAX_REQUESTS[file] ?? DEFAULT_LIMITS.maxRequests },
      clock: systemClock,
      bootId: new Uint8Array(16),
      tokens,
      nonce: FIXED_NONCE,
      figures: (principal) => figuresFor(principal, sources),
      onError: (fault) => faults.push(fault),
    });
    await runTranscript(conversation, client, variables);
    await served;
    if (faults.length > 0) throw faults[0];
  }
  tokens?.stop();
}

async function newStore(): Promise<FileStore> {
  let ids = 0;
  const { store } = await FileStore.open({
    catalog: new MemoryCatalog(systemClock),
    blobs: new MemoryBlobs(),
    clock: systemClock,
    newId: () => (++ids).toString(16).padStart(32, "0"),
  });
  return store;
}
