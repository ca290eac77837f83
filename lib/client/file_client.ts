// The public client: a connection to a server, with a method for each thing one can do with files.

import type { Terms } from "../protocol/handshake.ts";
import { MAX_PAGE } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import type { Connection } from "../base/connection.ts";
import { Calls, type CallsOptions } from "./calls.ts";
import { Download } from "./download.ts";
import { fileInfoOf } from "./file_info.ts";
import type {
  CallOptions,
  ConditionOptions,
  FileInfo,
  GetOptions,
  ListOptions,
  PutOptions,
  PutSource,
} from "./types.ts";
import { conditionFields, upload } from "./upload.ts";

/**
 * Files on a server, over one connection. Calls may be made side by side; they share the connection and
 * do not wait for one another. All of them throw a MorselError whose `code` says what happened, and end
 * early when their `signal` says so.
 */
export class FileClient implements AsyncDisposable {
  readonly #calls: Calls;

  private constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Greets the server at the other end; the connection is closed with the client, or when this fails. */
  static async open(connection: Connection, options: CallsOptions): Promise<FileClient> {
    return new FileClient(await Calls.open(connection, options));
  }

  /** What both sides agreed on: limits in bytes and milliseconds, the durability, the server's boot id. */
  get terms(): Terms {
    return this.#calls.terms;
  }

  /**
   * Puts a file; whatever had the name stays until the new version is on stable storage, and is then
   * replaced in one step. The source is read once, front to back; a stream is cancelled on failure.
   */
  put(name: string, source: PutSource, options: PutOptions = {}): Promise<FileInfo> {
    return upload(this.#calls, { name, source }, options);
  }

  /** Asks for a file or a range; settles when the server has described it. Throws `not_found`. */
  get(name: string, options: GetOptions = {}): Promise<Download> {
    return Download.open(this.#calls, name, options);
  }

  /** Tells of a file without its bytes. Throws `not_found`. */
  async stat(name: string, options: CallOptions = {}): Promise<FileInfo> {
    return fileInfoOf(await this.#calls.call({ type: "Stat", name }, options));
  }

  /**
   * Lists files in the order of their names' bytes, in pages from the server. Files that come or go
   * meanwhile may show or not; all others show exactly once.
   */
  async *list(options: ListOptions = {}): AsyncIterable<FileInfo> {
    const { prefix = "", pageSize = MAX_PAGE, signal } = options;
    let after = options.after ?? "";
    for (let more = true; more;) {
      const files: FileInfo[] = [];
      const page = await this.#calls.call(
        { type: "List", prefix, after, limit: pageSize },
        { signal, onReply: (reply: Message) => void files.push(fileInfoOf(reply)) },
      );
      yield* files;
      more = page.type === "Page" && page.more === 1 && files.length > 0;
      after = files.at(-1)?.name ?? after;
    }
  }

  /** Removes a file; returns what it was. Throws `not_found`, and `conflict` with `ifVersion`. */
  async remove(
    name: string,
    options: CallOptions & Pick<ConditionOptions, "ifVersion"> = {},
  ): Promise<FileInfo> {
    const condition = conditionFields(options);
    return fileInfoOf(await this.#calls.call({ type: "Remove", ...condition, name }, options));
  }

  /** Gives a file another name, in one step, replacing what had it. The condition is on `to`. */
  async move(
    from: string,
    to: string,
    options: CallOptions & ConditionOptions = {},
  ): Promise<FileInfo> {
    const condition = conditionFields(options);
    return fileInfoOf(await this.#calls.call({ type: "Move", ...condition, from, to }, options));
  }

  /** Puts a file's content under a second name; no bytes are moved. The condition is on `to`. */
  async copy(
    from: string,
    to: string,
    options: CallOptions & ConditionOptions = {},
  ): Promise<FileInfo> {
    const condition = conditionFields(options);
    return fileInfoOf(await this.#calls.call({ type: "Copy", ...condition, from, to }, options));
  }

  /** Closes the connection; calls under way fail. Closing twice is harmless. */
  close(): Promise<void> {
    return this.#calls.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
