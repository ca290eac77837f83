// A process for programs under test: what it writes is kept, its files are in a temporary folder.

import type { LocalFiles } from "../../lib/runtime/files.ts";
import { localFiles } from "../../lib/runtime/local_files.ts";
import { nodeFiles } from "../../lib/runtime/node_files.ts";
import { nodeSmallFiles } from "../../lib/runtime/node_small_files.ts";
import type { HostProcess, Output, StopSignal } from "../../lib/runtime/process.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";

/** An output that keeps what is written to it. */
export class FakeOutput implements Output {
  isTerminal = false;
  width = 0;
  height = 0;
  /** Whether writes fail as on a pipe whose reader is gone. */
  isUnread = false;
  /** Each write, as text. */
  readonly writes: string[] = [];
  readonly #bytes: number[] = [];

  columns(): number {
    return this.width;
  }

  rows(): number {
    return this.height;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.isUnread) {
      return Promise.reject(Object.assign(new Error("Broken pipe"), { code: "EPIPE" }));
    }
    this.writes.push(new TextDecoder().decode(bytes));
    for (const byte of bytes) this.#bytes.push(byte);
    return Promise.resolve();
  }

  /** All that was written. */
  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** All that was written, as text. */
  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }
}

/** What the fake throws in place of ending the process. */
export class Exited extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** A process in a temporary folder; dispose it to remove the folder. */
export class FakeHost implements HostProcess, AsyncDisposable {
  args: readonly string[] = [];
  stdin: ReadableStream<Uint8Array> = new Blob([]).stream();
  readonly stdout = new FakeOutput();
  readonly stderr = new FakeOutput();
  windows = false;
  sharesPorts = true;
  readonly variables = new Map<string, string>();
  /** Paths that the user would be asked about. */
  readonly unreadable = new Set<string>();
  /** The temporary folder, which relative paths start from. */
  readonly folder: string;
  files: LocalFiles;
  #onSignal: ((signal: StopSignal) => void) | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.files = filesIn(folder);
  }

  static async open(): Promise<FakeHost> {
    return new FakeHost(await Deno.realPath(await Deno.makeTempDir()));
  }

  env(name: string): string | undefined {
    return this.variables.get(name);
  }

  mayRead(path: string): boolean {
    return !this.unreadable.has(path);
  }

  onSignal(handler: (signal: StopSignal) => void): () => void {
    this.#onSignal = handler;
    return () => this.#onSignal = undefined;
  }

  /** Whether signals are listened to. */
  get listens(): boolean {
    return this.#onSignal !== undefined;
  }

  signal(signal: StopSignal): void {
    this.#onSignal?.(signal);
  }

  exit(code: number): never {
    throw new Exited(code);
  }

  /** Writes a file, with the folders above it. */
  async write(path: string, content: string | Uint8Array): Promise<void> {
    const full = resolve(this.folder, path);
    await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(
      full,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }

  read(path: string): Promise<string> {
    return Deno.readTextFile(resolve(this.folder, path));
  }

  /** The names in the temporary folder, sorted. */
  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.folder), (entry) => entry.name)).sort();
  }

  /** The paths below the temporary folder or a folder in it, sorted; folders end with a slash. */
  async paths(folder = ""): Promise<string[]> {
    const found: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(resolve(this.folder, folder))) {
      const path = folder + name;
      if (isDirectory) found.push(`${path}/`, ...await this.paths(`${path}/`));
      else found.push(path);
    }
    return found.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The files of the machine, with relative paths starting from `folder`. */
function filesIn(folder: string): LocalFiles {
  const files = localFiles(systemClock, { files: nodeFiles, small: nodeSmallFiles });
  const at = (path: string) => resolve(folder, path);
  return {
    open: (path, mode) => files.open(at(path), mode),
    stat: (path) => files.stat(at(path)),
    look: (path) => files.look(at(path)),
    rename: (from, to) => files.rename(at(from), at(to)),
    remove: (path) => files.remove(at(path)),
    makeFolder: (path) => files.makeFolder(at(path)),
    removeFolder: (path) => files.removeFolder(at(path)),
    syncFolder: (path) => files.syncFolder(at(path)),
    list: (path) => files.list(at(path)),
    entries: (path) => files.entries(at(path)),
    setModified: (path, modifiedMs) => files.setModified(at(path), modifiedMs),
    readWhole: (path, most) => files.readWhole(at(path), most),
    place: (file, { target, temporary, sync }) =>
      files.place(file, { target: at(target), temporary: at(temporary), sync }),
  };
}

function resolve(folder: string, path: string): string {
  return path.startsWith("/") ? path : `${folder}/${path}`;
}
