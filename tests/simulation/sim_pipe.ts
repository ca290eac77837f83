// One direction of a simulated connection: bytes that are accepted travel in segments, arrive in order, and
// are read in pieces. The line can freeze, and can be cut behind any byte.

import type { SimClock, SimProcess } from "./sim_clock.ts";
import type { SimRandom } from "./random.ts";

/** How a network behaves in a run. */
export interface NetworkWeather {
  /** How long a segment travels, in milliseconds: from, to. */
  readonly latencyMs: readonly [number, number];
  readonly bytesPerMs: number;
  /** The most bytes of a segment. */
  readonly segment: number;
  /** The most bytes that one read gives. */
  readonly piece: number;
  /** Bytes that are kept between writer and reader, as systems do. */
  readonly buffer: number;
}

/** What travels: bytes, the orderly end, or a reset. */
type Item = Uint8Array | "end" | "reset";

/** What a pipe needs of its surroundings. */
export interface PipeOptions {
  readonly clock: SimClock;
  readonly random: SimRandom;
  readonly weather: NetworkWeather;
  readonly from: SimProcess;
  readonly to: SimProcess;
  /** Something came for a receiver that has closed. */
  readonly onRefused: () => void;
  /** A reset came. */
  readonly onReset: () => void;
  /** The line broke. */
  readonly onCut: () => void;
}

/** Bytes on their way from one process to another. */
export class SimPipe {
  /** For the sending process. */
  readonly writable: WritableStream<Uint8Array>;
  /** For the receiving process. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes the sender's system has taken. */
  bytesWritten = 0;
  readonly #options: PipeOptions;
  readonly #arrived: Uint8Array[] = [];
  readonly #parked: Item[] = [];
  #held = 0;
  #lastArrivalMs = 0;
  #frozen = false;
  #cutBehind = Infinity;
  #endSent = false;
  #ended = false;
  #senderError: Error | undefined;
  #receiverError: Error | undefined;
  #receiverGone = false;
  #onRoom = Promise.withResolvers<void>();
  #onArrival = Promise.withResolvers<void>();

  constructor(options: PipeOptions) {
    this.#options = options;
    this.writable = new WritableStream({
      write: (bytes) => this.#write(bytes),
      close: () => this.end(),
    });
    this.readable = new ReadableStream({
      type: "bytes",
      pull: (controller) => this.#pull(controller as ReadableByteStreamController),
    }, { highWaterMark: 0 });
  }

  /** Bytes that have arrived and were not read. */
  get unread(): number {
    return this.#arrived.reduce((sum, { length }) => sum + length, 0);
  }

  /** Breaks the line once `bytes` more have arrived; a line is broken only once. */
  cutBehind(bytes: number): void {
    this.#cutBehind = Math.min(this.#cutBehind, bytes);
  }

  /** Delivers nothing more until `thaw`; neither side is told. */
  freeze(): void {
    this.#frozen = true;
  }

  /** Delivers what was held up, and all that comes. */
  thaw(): void {
    this.#frozen = false;
    for (const item of this.#parked.splice(0)) this.#arrive(item);
  }

  /** Sends the orderly end behind all bytes. */
  end(): void {
    if (this.#endSent) return;
    this.#endSent = true;
    this.#send("end");
  }

  /** Sends a reset, which overtakes the bytes. */
  sendReset(): void {
    const { clock, random, weather } = this.#options;
    clock.at(random.between(...weather.latencyMs), () => this.#arrive("reset"));
  }

  /** The sender's end is closed or broken: its writes fail. */
  breakSender(error: Error): void {
    this.#senderError ??= error;
    this.#onRoom.resolve();
  }

  /** The receiver's end is broken: its reads fail, once it has read what came, if anything is kept. */
  breakReceiver(error: Error, keepArrived: boolean): void {
    this.#receiverError ??= error;
    if (!keepArrived) this.#arrived.length = 0;
    this.#onArrival.resolve();
  }

  /** The receiver has closed: what still comes is refused. */
  closeReceiver(): void {
    this.#receiverGone = true;
    this.breakReceiver(new Error("The connection is closed"), false);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { weather, from } = this.#options;
    for (let taken = 0; taken < bytes.length;) {
      // As TCP does: no crumbs are sent into what little room a slow reader makes.
      const size = Math.min(bytes.length - taken, weather.segment);
      while (this.#held + size > weather.buffer && !this.#senderError) await this.#onRoom.promise;
      if (!from.alive) return await new Promise<never>(() => {});
      if (this.#senderError) throw this.#senderError;
      const segment = bytes.slice(taken, taken + size);
      this.#held += segment.length;
      this.#send(segment);
      taken += segment.length;
      this.bytesWritten += segment.length;
    }
  }

  #send(item: Item): void {
    const { clock, random, weather } = this.#options;
    const size = typeof item === "string" ? 0 : item.length;
    const afterMs = random.between(...weather.latencyMs) + size / weather.bytesPerMs;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, clock.nowMs + afterMs);
    clock.at(this.#lastArrivalMs - clock.nowMs, () => this.#arrive(item));
  }

  #arrive(item: Item): void {
    if (this.#frozen) {
      this.#parked.push(item);
      return;
    }
    if (item === "reset") return this.#options.onReset();
    if (this.#receiverGone) return item === "end" ? undefined : this.#options.onRefused();
    if (this.#receiverError) return; // reset before: nothing of this connection counts any more
    if (item === "end") this.#ended = true;
    else {
      const passes = Math.min(item.length, this.#cutBehind);
      if (passes > 0) this.#arrived.push(item.subarray(0, passes));
      this.#cutBehind -= passes;
      if (passes < item.length || this.#cutBehind === 0) this.#options.onCut();
    }
    this.#onArrival.resolve();
  }

  async #pull(controller: ReadableByteStreamController): Promise<void> {
    while (this.#arrived.length === 0 && !this.#ended && !this.#receiverError) {
      this.#onArrival = Promise.withResolvers();
      await this.#onArrival.promise;
    }
    const { to, random, weather } = this.#options;
    if (!to.alive) return await new Promise<never>(() => {});
    const segment = this.#arrived[0];
    if (segment) {
      const request = controller.byobRequest;
      const most = Math.min(segment.length, request?.view?.byteLength ?? Infinity, weather.piece);
      // Most reads take what is there; now and then one ends in the middle of something.
      const size = random.chance(0.25) ? random.whole(1, most + 1) : most;
      if (size === segment.length) this.#arrived.shift();
      else this.#arrived[0] = segment.subarray(size);
      this.#free(size);
      if (!request) return controller.enqueue(segment.slice(0, size));
      new Uint8Array(request.view!.buffer, request.view!.byteOffset).set(segment.subarray(0, size));
      request.respond(size);
    } else if (this.#receiverError) {
      controller.error(this.#receiverError);
    } else {
      controller.close();
      controller.byobRequest?.respond(0);
    }
  }

  #free(size: number): void {
    this.#held -= size;
    this.#onRoom.resolve();
    this.#onRoom = Promise.withResolvers();
  }
}
