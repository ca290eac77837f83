// A server that lists whatever it is told to, legal or not, and serves each file that is asked for.

import { leafHash } from "../../lib/base/merkle.ts";
import { FileClient } from "../../lib/client/file_client.ts";
import { welcome } from "../../lib/protocol/handshake.ts";
import { DEFAULT_LIMITS } from "../../lib/protocol/limits.ts";
import type { MessageOf } from "../../lib/protocol/messages.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { memoryPair } from "./memory_connection.ts";
import { RawPeer } from "./raw_peer.ts";

const utf8 = new TextEncoder();

/** Answers a client that lists and fetches; each file has its name as content. */
export class LyingServer {
  /** What it lists, page by page, whatever is asked for; after the last page the last one again. */
  readonly pages: readonly (readonly string[])[];
  /** The names of which the content was asked for. */
  readonly asked: string[] = [];
  #listed = 0;

  constructor(pages: readonly (readonly string[])[]) {
    this.pages = pages;
  }

  /** A client of it. */
  connect(): Promise<FileClient> {
    const [near, far] = memoryPair();
    void this.#serve(new RawPeer(far));
    return FileClient.open(near, { clock: systemClock });
  }

  async #serve(peer: RawPeer): Promise<void> {
    const greeting = await peer.expect("Hello");
    const bootId = new Uint8Array(16);
    await peer.send(welcome(greeting, { limits: DEFAULT_LIMITS, bootId }).reply);
    for (let message = await peer.next(); message; message = await peer.next()) {
      const { tag } = message;
      if (message.type === "Ping") await peer.send({ type: "Pong", tag });
      if (message.type === "List") {
        const page = this.pages[Math.min(this.#listed++, this.pages.length - 1)]!;
        // There is always more, so that only its client can end it.
        const more = Number(this.#listed < this.pages.length || this.pages.length > 1);
        await peer.send(...page.map((name) => fileOf(tag, name)), { type: "Page", tag, more });
      }
      if (message.type === "ReadRange") {
        const { name } = message;
        this.asked.push(name);
        const data = utf8.encode(name);
        await peer.send(
          fileOf(tag, name),
          { type: "Data", tag, offset: 0, data },
          { type: "Proof", tag, hashes: new Uint8Array(0) },
          { type: "End", tag, offset: data.length },
        );
      }
    }
  }
}

function fileOf(tag: number, name: string): MessageOf<"File"> {
  const content = utf8.encode(name);
  return {
    type: "File",
    tag,
    version: 1,
    size: content.length,
    committedMs: 1_700_000_000_000,
    modifiedMs: 1_700_000_000_000,
    digest: leafHash(content),
    metadata: {},
    name,
  };
}
