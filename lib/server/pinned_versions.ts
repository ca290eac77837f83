// The versions a session reads: kept open, so that a reader finishes undisturbed when the file is replaced,
// and so that the next range of the same file costs no look-up (PROTOCOL.md 4.4).

import type { InlineVersion, OpenVersion } from "../store/file_store.ts";
import type { DataBatch } from "../protocol/data_batch.ts";
import type { ServedFiles } from "./guarded_files.ts";

/** Versions kept open in a session: open file handles are scarce where there are many sessions. */
const MAX_PINS = 8;

/** A version in use. */
export interface Pin {
  readonly open: OpenVersion;
  /** Settles when the ranges that are being answered have been: they are answered in order. */
  turn: Promise<void> | undefined;
  users: number;
  /** What its ranges are sent from, one after the other; let go of when there are none. */
  batches: DataBatch[];
}

/** The versions of one session, least recently read first. */
export class PinnedVersions {
  readonly #store: ServedFiles;
  readonly #pins = new Map<number, Pin>();
  /** The last look-up of each name that is under way, so that one asked for later does not overtake it. */
  readonly #lookUps = new Map<string, Promise<unknown>>();

  constructor(store: ServedFiles) {
    this.#store = store;
  }

  /**
   * The version of a file, 0 for its newest; calls for one name settle in their order. Give it back with
   * `release`. Throws `not_found`, `gone`.
   */
  async acquire(name: string, version: number): Promise<Pin> {
    const key = name.normalize("NFC");
    const before = this.#lookUps.get(key);
    const lookUp = before
      ? before.catch(() => {}).then(() => this.#lookUp(name, version))
      : this.#lookUp(name, version);
    this.#lookUps.set(key, lookUp);
    try {
      return await lookUp;
    } finally {
      if (this.#lookUps.get(key) === lookUp) this.#lookUps.delete(key);
    }
  }

  /** Keeps a version that has been opened elsewhere and needs no closing, and is being read no more. */
  hold(open: InlineVersion): void {
    const known = this.#pins.get(open.file.version);
    this.#keep(known ?? { open, turn: undefined, users: 0, batches: [] });
    void this.#evict();
  }

  /** Says that a range has been answered. */
  async release(pin: Pin): Promise<void> {
    if (--pin.users === 0) pin.batches = [];
    await this.#evict();
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    const pins = [...this.#pins.values()];
    this.#pins.clear();
    await Promise.all(pins.map((pin) => pin.open.close()));
  }

  async #lookUp(name: string, version: number): Promise<Pin> {
    // A version that is open need not be opened once more to find out that it still is the newest.
    const mayBeOpen = version === 0 && this.#hasOneOf(name);
    const known = this.#pins.get(mayBeOpen ? (await this.#store.stat(name)).version : version);
    if (known && isSameName(known.open.file.name, name)) return this.#use(known);
    const open = await this.#store.openVersion(name, version);
    const raced = this.#pins.get(open.file.version);
    if (raced) {
      await open.close();
      return this.#use(raced);
    }
    return this.#use({ open, turn: undefined, users: 0, batches: [] });
  }

  #hasOneOf(name: string): boolean {
    return this.#pins.values().some(({ open }) => isSameName(open.file.name, name));
  }

  #use(pin: Pin): Pin {
    this.#keep(pin);
    pin.users++;
    return pin;
  }

  /** As the one that was read last. */
  #keep(pin: Pin): void {
    const { version } = pin.open.file;
    this.#pins.delete(version);
    this.#pins.set(version, pin);
  }

  async #evict(): Promise<void> {
    for (const [version, pin] of this.#pins) {
      if (this.#pins.size <= MAX_PINS) return;
      if (pin.users > 0) continue;
      this.#pins.delete(version);
      await pin.open.close();
    }
  }
}

/** By their keys (PROTOCOL.md 2.5), which in nearly all cases the names themselves are. */
function isSameName(a: string, b: string): boolean {
  return a === b || a.normalize("NFC") === b.normalize("NFC");
}
