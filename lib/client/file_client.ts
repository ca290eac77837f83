// The public client: a connection to a server, with a method for each thing one can do with files.

import type { Connection } from "../base/connection.ts";
import { MorselError } from "../base/errors.ts";
import { fromHex } from "../base/hex.ts";
import type { Terms } from "../protocol/handshake.ts";
import { MAX_PAGE } from "../protocol/limits.ts";
import type { Message, MessageOf, Request } from "../protocol/messages.ts";
import type { Calls, CallsOptions } from "./calls.ts";
import { conditionFields } from "./condition_fields.ts";
import { Download } from "./download.ts";
import { fetchSmall } from "./fetch_small.ts";
import { figuresOf, fileInfoOf, unfinishedUploadOf } from "./file_info.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { Untagged } from "./pending_call.ts";
import type {
  CallOptions,
  ConditionOptions,
  Figures,
  FileInfo,
  GetOptions,
  ListOptions,
  PutOptions,
  PutSource,
  SmallFile,
  TransferOptions,
  UnfinishedUpload,
  Verified,
  VerifyOptions,
  WatchOptions,
} from "./types.ts";
import { upload } from "./upload.ts";
import { verify } from "./verify.ts";
import { Watch } from "./watch.ts";

/**
 * Files on a server, over one connection. Calls may be made side by side; they share the connection and
 * do not wait for one another. A connection that is lost is made again, and what was under way goes on. All
 * of them throw a MorselError whose `code` says what happened, and end
 * early when their `signal` says so.
 */
export class FileClient implements AsyncDisposable {
  readonly #link: Link;

  private constructor(link: Link) {
    this.#link = link;
  }

  /** Connects and greets; the connection, and those that take its place, are closed with the client. */
  static async connect(options: LinkOptions): Promise<FileClient> {
    return new FileClient(await Link.open(options));
  }

  /** Greets over this connection, which belongs to the client; when it is lost there is no other. */
  static open(connection: Connection, options: CallsOptions): Promise<FileClient> {
    let isTaken = false;
    const dial = () => {
      if (isTaken) throw new MorselError("connection", "The connection was lost");
      isTaken = true;
      return Promise.resolve(connection);
    };
    return FileClient.connect({ ...options, dial, retryMs: 0, random: () => 0 });
  }

  /** What both sides agreed on: limits in bytes and milliseconds, the durability, the server's boot id. */
  get terms(): Terms {
    return this.#link.calls.terms;
  }

  /**
   * How long the server took to greet, in milliseconds, which is a round trip; 0 until it has, and a token is proven. How
   * many calls it takes to keep a link busy depends on it.
   */
  get roundTripMs(): number {
    return this.#link.calls.greetingMs;
  }

  /**
   * Puts a file; whatever had the name stays until the new version is on stable storage, and is then
   * replaced in one step. The source is read once, front to back; a stream is cancelled on failure.
   */
  put(name: string, source: PutSource, options: PutOptions = {}): Promise<FileInfo> {
    return upload(this.#link, { name, source }, options);
  }

  /** Asks for a file or a range; settles when the server has described it. Throws `not_found`. */
  get(name: string, options: GetOptions = {}): Promise<Download> {
    return Download.open(this.#link, name, options);
  }

  /**
   * The newest version of a file of up to 64 KiB, whole and proven: the least that a small file can cost. Undefined
   * where it is larger, or not what it should be, which `get` tells. Throws `not_found`.
   */
  getSmall(name: string, options: TransferOptions = {}): Promise<SmallFile | undefined> {
    return this.#link.run((calls) => fetchSmall(calls, name, options), options);
  }

  /** Tells of a file without its bytes. Throws `not_found`. */
  stat(name: string, options: CallOptions = {}): Promise<FileInfo> {
    return this.#ask({ type: "Stat", name }, { ...options, isRepeatable: true });
  }

  /**
   * Lists files in the order of their names' bytes, in pages from the server, of which the next one is asked for while
   * one is used. Files that come or go meanwhile may show or not; all others show exactly once.
   */
  async *list(options: ListOptions = {}): AsyncIterable<FileInfo> {
    const { prefix = "", pageSize = MAX_PAGE, signal } = options;
    const left = new AbortController();
    const either = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const ask = (after: string) => {
      const page = { type: "List", prefix, after, limit: pageSize } as const;
      const asked = this.#link.run((calls) => readPage(calls, page, either), { signal: either });
      asked.catch(() => {}); // seen when its turn comes, or by nobody who has left
      return asked;
    };
    try {
      let coming = ask(options.after ?? "");
      for (;;) {
        const { files, isLast } = await coming;
        const last = isLast ? undefined : files.at(-1)?.name;
        // Before these are used: over a long link they would wait for each other.
        if (last !== undefined) coming = ask(last);
        yield* files;
        if (last === undefined) return;
      }
    } finally {
      left.abort(new MorselError("cancelled", "The listing was left"));
    }
  }

  /**
   * Watches for changes, made since a sequence or from now on; settles when the server does watch. They
   * come in order, each once, also over lost connections and restarts of the server. Throws `gone` when
   * changes since then are not kept any more: list the files again and watch from now on.
   */
  watch(options: WatchOptions = {}): Promise<Watch> {
    return Watch.open(this.#link, options);
  }

  /** Removes a file; returns what it was. Throws `not_found`, and `conflict` with `ifVersion`. */
  remove(
    name: string,
    options: CallOptions & Pick<ConditionOptions, "ifVersion"> = {},
  ): Promise<FileInfo> {
    return this.#ask({ type: "Remove", ...conditionFields(options), name }, options);
  }

  /** Gives a file another name, in one step, replacing what had it. The condition is on `to`. */
  move(
    from: string,
    to: string,
    options: CallOptions & ConditionOptions = {},
  ): Promise<FileInfo> {
    return this.#ask({ type: "Move", ...conditionFields(options), from, to }, options);
  }

  /** Puts a file's content under a second name; no bytes are moved. The condition is on `to`. */
  copy(
    from: string,
    to: string,
    options: CallOptions & ConditionOptions = {},
  ): Promise<FileInfo> {
    return this.#ask({ type: "Copy", ...conditionFields(options), from, to }, options);
  }

  /**
   * Reads blocks of a file at random and proves each against the digest, so that the server shows it has
   * them without sending the rest. Throws `integrity` naming the first block that is damaged.
   */
  verify(name: string, options: VerifyOptions = {}): Promise<Verified> {
    return verify(this.#link, name, options);
  }

  /** The unfinished uploads on the server, which a `put` of the same source with the same token would go on with. */
  uploads(options: CallOptions = {}): Promise<UnfinishedUpload[]> {
    const { signal } = options;
    return this.#link.run(async (calls) => {
      const uploads: UnfinishedUpload[] = [];
      const onReply = (reply: Message) => void uploads.push(unfinishedUploadOf(reply));
      await calls.call({ type: "ListUploads" }, { signal, onReply });
      return uploads;
    }, { signal });
  }

  /** Forgets an unfinished upload; whoever is at it is told `fenced`. Throws `not_found`. */
  async abortUpload(id: string, options: CallOptions = {}): Promise<void> {
    const { signal } = options;
    const upload = fromHex(id);
    await this.#link.run((calls) => calls.call({ type: "AbortUpload", upload }, { signal }), {
      signal,
    });
  }

  /**
   * What the server tells of itself: with a token that is limited no more than what is that token's own. Throws
   * `unsupported` from a server that is older than this.
   */
  stats(options: CallOptions = {}): Promise<Figures> {
    const { signal } = options;
    return this.#link.run(
      async (calls) => figuresOf(await calls.call({ type: "Stats" }, { signal })),
      { signal },
    );
  }

  /** Closes the connection; calls under way fail. Closing twice is harmless. */
  close(): Promise<void> {
    return this.#link.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Makes a request that is answered by a File. */
  #ask(
    request: Untagged<Request>,
    { signal, isRepeatable = false }: { signal?: AbortSignal; isRepeatable?: boolean },
  ): Promise<FileInfo> {
    return this.#link.run(
      async (calls) => fileInfoOf(await calls.call(request, { signal })),
      { signal, isRepeatable },
    );
  }
}

/** A part of a listing. */
interface Page {
  readonly files: readonly FileInfo[];
  readonly isLast: boolean;
}

async function readPage(
  calls: Calls,
  page: Untagged<MessageOf<"List">>,
  signal: AbortSignal,
): Promise<Page> {
  const files: FileInfo[] = [];
  const onReply = (reply: Message) => {
    files.push(fileInfoOf(reply));
    if (files.length > page.limit) {
      throw new MorselError(
        "protocol",
        `The server listed more than ${page.limit} files at a time`,
      );
    }
  };
  const last = await calls.call(page, { signal, onReply });
  return { files, isLast: last.type !== "Page" || last.more === 0 };
}
