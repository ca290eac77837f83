// Shows a server life now and then, so that a session is kept and a slow source is not a silent one
// (PROTOCOL.md 4.9), and sees to it that the server shows life too.

import type { Clock, StopTimer } from "../base/clock.ts";
import type { FrameConnection } from "../protocol/frame_connection.ts";
import { HEADER_SIZE } from "../protocol/messages.ts";

/** The Pings of one connection, from its making until `stop`. */
export class KeepAlive {
  readonly #frames: FrameConnection;
  readonly #clock: Clock;
  #stopTimer: StopTimer;
  #endWait: (() => void) | undefined;
  #pongs = 0;

  /** Sends a Ping each time `everyMs` milliseconds have gone by. */
  constructor(frames: FrameConnection, { clock, everyMs }: { clock: Clock; everyMs: number }) {
    this.#frames = frames;
    this.#clock = clock;
    this.#stopTimer = this.#next(everyMs);
  }

  /** Bytes of all Pongs so far, which are no replies. */
  get pongBytes(): number {
    return this.#pongs * HEADER_SIZE;
  }

  /** A Pong has come. */
  pong(): void {
    this.#pongs++;
    this.#endWait?.();
    this.#endWait = undefined;
  }

  /** Sends no more. */
  stop(): void {
    this.#stopTimer();
    this.#endWait?.();
  }

  #next(everyMs: number): StopTimer {
    return this.#clock.timer(everyMs, () => {
      this.#ping();
      this.#stopTimer = this.#next(everyMs);
    });
  }

  /** An answer is due once the Ping is out, not while it stands in line behind an upload. */
  #ping(): void {
    const sent = this.#frames.writer.send({ type: "Ping", tag: 0 });
    sent.then(() => {
      this.#endWait ??= this.#frames.begin("pong", () => this.#frames.bytesRead);
    }, () => {}); // the reading side notices a lost connection
  }
}
