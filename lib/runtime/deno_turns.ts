// Turns of Deno's event loop for the other sockets of a program while one connection is never waited for. As long as there
// is anything else to do, Deno asks the system in every 61st turn only which sockets have become ready (so does tokio,
// which runs it), and reads and writes that are done at once take no turns: 128 of them, of up to 1 MiB each, share one.
// While a large file was put, somebody else's small request waited up to 290 ms for that, and waits up to 30 now.

/** What a connection moves before other connections have their turn: a server takes 7 ms for it. */
const AMONG_OTHERS = 4 * 1024 * 1024;
/** The same where there are only those who may be about to connect, as the turns cost 0.2 to 0.5 ms each time. */
const BESIDE_LISTENER = 16 * 1024 * 1024;
/** A few more than 61, as the first may belong to a turn that has begun. */
const TURNS = 64;

/** What a program has open. */
export class OpenSockets {
  connections = 0;
  listeners = 0;

  /** How many bytes a connection moves in a row. */
  get mostInARow(): number {
    if (this.connections > 1) return AMONG_OTHERS;
    return this.listeners > 0 ? BESIDE_LISTENER : Infinity;
  }
}

/** The turns that one connection leaves to the others. */
export class Turns {
  readonly #open: OpenSockets;
  #movedInARow = 0;

  constructor(open: OpenSockets) {
    this.#open = open;
  }

  /** Says that so many bytes were read or written. */
  moved(count: number): void {
    this.#movedInARow += count;
  }

  /** Says that the connection has to be waited for next, which leaves the others all the turns there are. */
  waits(): void {
    this.#movedInARow = 0;
  }

  /** Whether it is time for the others. */
  get areDue(): boolean {
    return this.#movedInARow >= this.#open.mostInARow;
  }

  /** Leaves as many turns as it takes until sockets are asked. */
  leave(): Promise<void> {
    this.#movedInARow = 0;
    return new Promise((resolve) => {
      let left = TURNS;
      const leaveNext = () => void (left-- > 0 ? globalThis.setImmediate(leaveNext) : resolve());
      leaveNext();
    });
  }
}
