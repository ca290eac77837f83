// The files of a data folder as a worker serves them: what changes nothing is read at once, all else is asked of
// the server that has the folder. Rights are looked at in front of this, as everywhere (guarded_files.ts).

import { fromHex, toHex } from "../base/hex.ts";
import { EVERYBODY, type Principal } from "../base/principal.ts";
import { decodeFigures, type Figures } from "../protocol/figures.ts";
import { UNKNOWN_SIZE } from "../protocol/messages.ts";
import type { ChangePage, Condition, FileRecord } from "../store/catalog.ts";
import type {
  BeginUpload,
  ChangesPage,
  InlineVersion,
  ListPage,
  OpenVersion,
  UploadInfo,
} from "../store/file_store.ts";
import type { FilesToRead } from "../store/read_folder.ts";
import { conditionFields, fileOf } from "./exchange.ts";
import type { ServedFiles, ServedUpload } from "./guarded_files.ts";
import type { OwnerLinks } from "./owner_links.ts";
import { RelayedUpload } from "./relayed_upload.ts";

/** Files that are read here and changed elsewhere. */
export class WorkerFiles implements ServedFiles {
  readonly #files: FilesToRead;
  readonly #links: OwnerLinks;

  /** Neither is closed by it. */
  constructor(files: FilesToRead, links: OwnerLinks) {
    this.#files = files;
    this.#links = links;
  }

  stat(name: string): Promise<FileRecord> {
    return this.#files.stat(name);
  }

  openAtOnce(name: string): InlineVersion | undefined {
    return this.#files.openAtOnce(name);
  }

  openVersion(name: string, version: number): Promise<OpenVersion> {
    return this.#files.openVersion(name, version);
  }

  list(page: ListPage): Promise<FileRecord[]> {
    return this.#files.list(page);
  }

  lastChange(): Promise<number> {
    return this.#files.lastChange();
  }

  changes(page: ChangesPage): Promise<ChangePage> {
    return this.#files.changes(page);
  }

  onChange(listener: () => void): () => void {
    return this.#files.onChange(listener);
  }

  async remove(name: string, condition: Condition): Promise<FileRecord> {
    const fields = conditionFields(condition);
    return fileOf(await this.#links.ask("", { type: "Remove", name, ...fields }));
  }

  async move(from: string, to: string, condition: Condition): Promise<FileRecord> {
    const fields = conditionFields(condition);
    return fileOf(await this.#links.ask("", { type: "Move", from, to, ...fields }));
  }

  async copy(
    from: string,
    to: string,
    condition: Condition,
    by: Principal = EVERYBODY,
  ): Promise<FileRecord> {
    const fields = conditionFields(condition);
    return fileOf(await this.#links.ask(by.name, { type: "Copy", from, to, ...fields }));
  }

  async beginUpload(begin: BeginUpload): Promise<ServedUpload> {
    const { name, condition, modifiedMs, metadata, declaredSize, resume, by = EVERYBODY } = begin;
    const request = {
      type: "Begin",
      name,
      ...conditionFields(condition),
      modifiedMs,
      metadata,
      declaredSize: declaredSize ?? UNKNOWN_SIZE,
      resume: Number(resume ?? false),
    } as const;
    return await RelayedUpload.begin(this.#links, { by: by.name, request, declaredSize });
  }

  async *uploads(): AsyncGenerator<UploadInfo> {
    // Which of them are held only the server knows: never more than there are requests under way.
    const held = new Set<string>();
    await this.#links.ask("", { type: "ListUploads" }, (reply) => {
      if (reply.type === "Upload" && reply.attached === 1) held.add(toHex(reply.upload));
    });
    for await (const upload of this.#files.uploads()) {
      yield { ...upload, isAttached: held.has(upload.id) };
    }
  }

  nameOfUpload(id: string): Promise<string | undefined> {
    return this.#files.nameOfUpload(id);
  }

  /** What the server may tell a principal of itself. */
  async figures({ name }: Principal): Promise<Figures> {
    const reply = await this.#links.ask(name, { type: "Stats" });
    return reply.type === "Figures" ? decodeFigures(reply.figures) : {};
  }

  async abortUpload(id: string): Promise<void> {
    await this.#links.ask("", { type: "AbortUpload", upload: fromHex(id) });
  }
}
