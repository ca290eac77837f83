// Writing behind: bytes are copied into buffers that are written while their sender goes on. The fast path of large
// files on Deno, whose own files write on another thread; `bench/peers.ts` shows what it brings.

/** Bytes of one write; smaller ones cost more on the way to the other thread. */
const PIECE_SIZE = 256 * 1024;
/** Pieces that may be on their way: a sender that is faster than the disk waits. */
const PIECES_BEHIND = 3;

interface Piece {
  readonly bytes: Uint8Array;
  readonly position: number;
  length: number;
}

/** A queue of writes to one file, in order. What fails fails each later call. */
export class WriteBehind {
  readonly #write: (bytes: Uint8Array, position: number) => Promise<void>;
  readonly #spare: Uint8Array[] = [];
  readonly #underWay: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();
  #open: Piece | undefined;
  #failure: { reason: unknown } | undefined;
  #isTold = false;

  /** `write` takes all of the bytes, which are its own until it settles; it is called when it has done so before. */
  constructor(write: (bytes: Uint8Array, position: number) => Promise<void>) {
    this.#write = write;
  }

  /** Takes a copy of the bytes; settles when there is room for more. Throws why an earlier write failed. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      this.#throwIfFailed();
      const piece = this.#pieceAt(position + taken);
      const part = bytes.subarray(taken, taken + PIECE_SIZE - piece.length);
      piece.bytes.set(part, piece.length);
      piece.length += part.length;
      taken += part.length;
      // Nothing waits for a piece to be full while nothing is on its way.
      if (piece.length === PIECE_SIZE || this.#underWay.length === 0) this.#start();
      if (this.#underWay.length > PIECES_BEHIND) await this.#underWay[0];
    }
  }

  /** Settles when all is written. Throws why a write failed. */
  async flush(): Promise<void> {
    await this.#settle();
    this.#throwIfFailed();
  }

  /** The same for the last time: throws only what nobody was told before. */
  async end(): Promise<void> {
    await this.#settle();
    if (!this.#isTold) this.#throwIfFailed();
    this.#spare.length = 0;
  }

  async #settle(): Promise<void> {
    this.#start();
    await this.#last;
  }

  /** The piece that goes on at this position. */
  #pieceAt(position: number): Piece {
    const open = this.#open;
    if (open && open.position + open.length === position) return open;
    this.#start();
    const bytes = this.#spare.pop() ?? new Uint8Array(PIECE_SIZE);
    return this.#open = { bytes, position, length: 0 };
  }

  #start(): void {
    const piece = this.#open;
    if (!piece) return;
    this.#open = undefined;
    const written = this.#last.then(() => this.#finish(piece));
    this.#last = written;
    this.#underWay.push(written);
  }

  /** Never rejects: whoever comes next is told. */
  async #finish({ bytes, length, position }: Piece): Promise<void> {
    try {
      // After a failure the file has a gap that nothing may be written behind.
      if (!this.#failure) await this.#write(bytes.subarray(0, length), position);
    } catch (reason) {
      this.#failure = { reason };
    }
    this.#spare.push(bytes);
    this.#underWay.shift();
    if (this.#underWay.length === 0) this.#start();
  }

  #throwIfFailed(): void {
    if (!this.#failure) return;
    this.#isTold = true;
    throw this.#failure.reason;
  }
}
