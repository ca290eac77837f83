// The files of a store as one principal sees them: the one place where rights and prefixes are looked at
// (PROTOCOL.md 4.16). What is outside its prefix is not there, whatever it asks for.

import { startsWith } from "@std/bytes";
import { MorselError } from "../base/errors.ts";
import { checkName, checkPrefix, quote } from "../base/names.ts";
import { EVERYBODY, may, type Principal, type Right } from "../base/principal.ts";
import type { ChangePage, Condition, FileRecord } from "../store/catalog.ts";
import { goneVersion, notFound, noUpload } from "../store/conditions.ts";
import type {
  BeginUpload,
  ChangesPage,
  FileStore,
  InlineVersion,
  ListPage,
  OpenUpload,
  OpenVersion,
  UploadInfo,
} from "../store/file_store.ts";

/** What sessions use of a store. */
export type ServedFiles =
  & Pick<
    FileStore,
    | "stat"
    | "openAtOnce"
    | "list"
    | "lastChange"
    | "changes"
    | "onChange"
    | "remove"
    | "move"
    | "copy"
    | "openVersion"
    | "uploads"
    | "nameOfUpload"
    | "abortUpload"
  >
  & { beginUpload(request: BeginUpload): Promise<ServedUpload> };

/** What sessions use of an upload. */
export type ServedUpload = Omit<OpenUpload, "checkpoint">;

/** The store itself for everybody, which costs nothing; a guarded one for whoever has a token. */
export function filesFor(principal: Principal, store: ServedFiles): ServedFiles {
  return principal === EVERYBODY ? store : new GuardedFiles(principal, store);
}

class GuardedFiles implements ServedFiles {
  readonly #principal: Principal;
  readonly #store: ServedFiles;
  readonly #prefix: Uint8Array;

  constructor(principal: Principal, store: ServedFiles) {
    this.#principal = principal;
    this.#store = store;
    this.#prefix = checkPrefix(principal.prefix);
  }

  async stat(name: string): Promise<FileRecord> {
    const isInside = this.#isInside(name);
    if (!this.#may("list")) this.#insistOn("read");
    if (!isInside) throw notFound(name);
    return await this.#store.stat(name);
  }

  openAtOnce(name: string): InlineVersion | undefined {
    if (!this.#may("read") || !this.#isInside(name)) return undefined;
    return this.#store.openAtOnce(name);
  }

  async openVersion(name: string, version: number): Promise<OpenVersion> {
    const isInside = this.#isInside(name);
    this.#insistOn("read");
    if (!isInside) throw version === 0 ? notFound(name) : goneVersion(name, version, "removed");
    return await this.#store.openVersion(name, version);
  }

  async list(page: ListPage): Promise<FileRecord[]> {
    this.#insistOn("list");
    const prefix = this.#narrowed(page.prefix);
    if (prefix !== undefined) return await this.#store.list({ ...page, prefix });
    checkPrefix(page.after);
    return [];
  }

  async lastChange(): Promise<number> {
    this.#insistOn("list");
    return await this.#store.lastChange();
  }

  async changes(page: ChangesPage): Promise<ChangePage> {
    this.#insistOn("list");
    const prefix = this.#narrowed(page.prefix);
    if (prefix !== undefined) return await this.#store.changes({ ...page, prefix });
    // Where it stands in the log is told all the same, or its client could not go on.
    const found = await this.#store.changes({ ...page, prefix: this.#principal.prefix });
    return { ...found, changes: [] };
  }

  onChange(listener: () => void): () => void {
    return this.#store.onChange(listener);
  }

  async remove(name: string, condition: Condition): Promise<FileRecord> {
    const isInside = this.#isInside(name);
    this.#insistOn("delete");
    if (!isInside) throw notFound(name);
    return await this.#store.remove(name, condition);
  }

  async move(from: string, to: string, condition: Condition): Promise<FileRecord> {
    return await this.#store.move(from, to, this.#link("delete", { from, to, condition }));
  }

  async copy(from: string, to: string, condition: Condition): Promise<FileRecord> {
    const checked = this.#link("read", { from, to, condition });
    return await this.#store.copy(from, to, checked, this.#principal);
  }

  async beginUpload(request: BeginUpload): Promise<ServedUpload> {
    const isInside = this.#isInside(request.name);
    const condition = this.#conditionOfPut(request.condition);
    if (!isInside) throw this.#outside(request.name);
    return await this.#store.beginUpload({ ...request, condition, by: this.#principal });
  }

  async *uploads(): AsyncGenerator<UploadInfo> {
    this.#insistOn("list");
    for await (const upload of this.#store.uploads()) if (this.#isInside(upload.name)) yield upload;
  }

  async nameOfUpload(id: string): Promise<string | undefined> {
    const name = await this.#store.nameOfUpload(id);
    return name !== undefined && this.#isInside(name) ? name : undefined;
  }

  async abortUpload(id: string): Promise<void> {
    this.#insistOn("write");
    if (await this.nameOfUpload(id) === undefined) throw noUpload(id);
    await this.#store.abortUpload(id);
  }

  /** Checks both names of a move or a copy; returns the condition that holds for this principal. */
  #link(
    right: Right,
    { from, to, condition }: { from: string; to: string; condition: Condition },
  ): Condition {
    const [isFromInside, isToInside] = [this.#isInside(from), this.#isInside(to)];
    this.#insistOn(right);
    const asked = this.#conditionOfPut(condition);
    if (!isToInside) throw this.#outside(to);
    if (!isFromInside) throw notFound(from);
    return asked;
  }

  /** Who may create but not write never replaces what is there. */
  #conditionOfPut(condition: Condition): Condition {
    this.#insistOn("create");
    if (condition.kind === "version") this.#insistOn("write");
    return this.#may("write") ? condition : { kind: "absent" };
  }

  /** The prefix that shows only what is asked for and may be seen; undefined for nothing. Throws `invalid`. */
  #narrowed(asked: string): string | undefined {
    const key = checkPrefix(asked);
    if (startsWith(key, this.#prefix)) return asked;
    return startsWith(this.#prefix, key) ? this.#principal.prefix : undefined;
  }

  /** Throws `invalid` or `limit` for what is no name, before anything else is said of it. */
  #isInside(name: string): boolean {
    return startsWith(checkName(name).key, this.#prefix);
  }

  #may(right: Right): boolean {
    return may(this.#principal, right);
  }

  #insistOn(right: Right): void {
    if (this.#may(right)) return;
    throw new MorselError(
      "forbidden",
      `The token ${this.#principal.name} does not have the right to ${right}`,
      { detail: { right } },
    );
  }

  #outside(name: string): MorselError {
    const { name: token, prefix } = this.#principal;
    return new MorselError(
      "forbidden",
      `The token ${token} is for names that begin with ${quote(prefix)}, not for ${quote(name)}`,
      { detail: { prefix } },
    );
  }
}
