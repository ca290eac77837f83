// What Morsel needs of a file system. Types only; runtime.ts knows who has them for which runtime.

/** An open file, read and written at positions. Whoever opened it closes it. */
export interface OpenFile {
  /** Reads into `into` from `position` on; fewer bytes than asked for only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all of `bytes` at `position`; they may be reused once this settles. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Settles when what was written is on stable storage (`fdatasync`). */
  sync(): Promise<void>;
  /** Cuts the file to `size` bytes. */
  truncate(size: number): Promise<void>;
  /** The size now, in bytes. */
  size(): Promise<number>;
  /** Whether it is still what is at the path by which it was opened: it may have been renamed, removed or replaced. */
  isInPlace(): Promise<boolean>;
  /** Closes; closing twice is harmless. */
  close(): Promise<void>;
}

/** What `stat` tells of a path. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "other";
  /** In bytes. */
  readonly size: number;
  /** Last change of the content, milliseconds since 1970. */
  readonly modifiedMs: number;
  /** The permissions of Unix; without meaning on Windows, and not always there. */
  readonly mode?: number;
}

/**
 * A file system. Failures are the runtime's own errors with a `code` such as `ENOENT`, `EACCES` or
 * `ENOSPC`, except that Deno's denied permissions arrive as its `NotCapable`.
 */
export interface Files {
  /**
   * Opens a file: `read` an existing one, `create` one that must not exist yet, for writing only,
   * `createPrivate` the same, closed to other users of the machine,
   * `update` an existing one for reading and writing, never through a symbolic link.
   */
  open(path: string, mode: "read" | "create" | "createPrivate" | "update"): Promise<OpenFile>;
  /** What is at a path; undefined when nothing is. Follows symbolic links. */
  stat(path: string): Promise<FileStatus | undefined>;
  /** Gives a file another path at once, replacing what was there. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it; one that is there is no error. */
  makeFolder(path: string): Promise<void>;
  /** Settles when the entries of a folder are on stable storage (`fsync`). */
  syncFolder(path: string): Promise<void>;
  /** The names in a folder, in no order. */
  list(path: string): Promise<string[]>;
  /** Sets the time of last change, milliseconds since 1970. */
  setModified(path: string, modifiedMs: number): Promise<void>;
}

/** A file system that tells how full it is. */
export interface MeasuredFiles extends Files {
  /** Bytes that this process may still write on the disk of a path. */
  freeSpace(path: string): Promise<number>;
}

/** What is at a path itself: a symbolic link is a `link`, whatever it leads to. */
export interface LocalStatus extends Omit<FileStatus, "kind"> {
  readonly kind: FileStatus["kind"] | "link";
  /** By what its file system knows it, whatever it is called; not every system tells. */
  readonly inode?: number | undefined;
}

/** An entry of a folder. */
export interface FolderEntry {
  /** Where it is not Unicode, some of it is U+FFFD, and there is nothing by that name. */
  readonly name: string;
  readonly kind: LocalStatus["kind"];
}

/** A small file in memory. */
export interface WholeFile {
  readonly bytes: Uint8Array;
  /** Last change of the content, milliseconds since 1970; when it is written 0 means now. */
  readonly modifiedMs: number;
}

/** Where and how {@linkcode LocalFiles.place} writes a file. */
export interface Placement {
  readonly target: string;
  /** A path in the same folder, where it is written first, which nobody else has. */
  readonly temporary: string;
  /** Whether it is to be on stable storage before it takes the place of what is at the target. */
  readonly sync: boolean;
}

/** The file system as programs for people use it: with many small files, and links among them. */
export interface LocalFiles extends Files {
  /** What is at a path itself, be it a link; undefined when nothing is. */
  look(path: string): Promise<LocalStatus | undefined>;
  /** What is in a folder, in no order. */
  entries(path: string): Promise<FolderEntry[]>;
  /** Reads a file of up to `most` bytes whole, then its time; of a larger one the first `most + 1`. */
  readWhole(path: string, most: number): Promise<WholeFile>;
  /** Writes a file whole: it is at the target at once or not at all, and a link there is replaced. */
  place(file: WholeFile, placement: Placement): Promise<void>;
  /** Removes an empty folder; fails when there is something in it. */
  removeFolder(path: string): Promise<void>;
}
