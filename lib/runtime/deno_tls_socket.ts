// A TLS connection of Deno, read as much at a time as has come: Deno hands out one record of 16 KiB, and whoever takes
// them one by one writes and hashes by as little. A get of a GiB takes two fifths less time so.

import { CollectorTurns } from "../base/collector.ts";
import type { DenoSocket } from "./deno_streams.ts";

/** The most that a record of TLS 1.3 holds (RFC 8446, 5.1). */
const RECORD_SIZE = 16 * 1024;
/** A read that finds a record has settled after two or three microtasks on Deno 2.9; others wait for the network. */
const TURNS_TO_SETTLE = 8;

/** Each record leaves some garbage, and V8 lets what is young grow with time: 20 GiB took 161 MiB, and a GiB 95. */
const turns = new CollectorTurns(16 * 1024 * 1024);

/** The socket of a client, whose handshake is over. */
export class DenoTlsSocket implements DenoSocket {
  readonly #tls: Deno.TlsConn;
  readonly #explain: (error: Error | undefined) => Error | undefined;
  /** What is read goes here first: a read that waits for the network must not have a buffer of the reader's. */
  readonly #record = new Uint8Array(RECORD_SIZE);
  /** Bytes of a record that its reader has had no room for. */
  #rest = this.#record.subarray(0, 0);
  /** A read that has not settled. */
  #ahead: Promise<void> | undefined;
  #hasArrived = false;
  #end: "ended" | Error | undefined;

  /** Takes the connection over. What comes before the first byte, an error or an end, is told as `explain` has it. */
  constructor(tls: Deno.TlsConn, explain: (error: Error | undefined) => Error | undefined) {
    this.#tls = tls;
    this.#explain = explain;
  }

  async read(into: Uint8Array): Promise<number | null> {
    let filled = 0;
    while (filled < into.length) {
      if (this.#rest.length === 0) {
        if (this.#end !== undefined) break;
        this.#ahead ??= this.#readAhead();
        if (filled === 0) await this.#ahead;
        else if (!await this.#hasSettled()) break;
        continue;
      }
      const part = this.#rest.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    if (filled > 0 || this.#end === undefined) return filled;
    if (this.#end instanceof Error) throw this.#end;
    return null;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#tls.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#tls.closeWrite();
  }

  close(): void {
    this.#tls.close();
  }

  /** Never rejects: an error is told to whoever comes to it. */
  async #readAhead(): Promise<void> {
    try {
      const count = await this.#tls.read(this.#record);
      if (count === null) return this.#endWith(undefined);
      this.#rest = this.#record.subarray(0, count);
      this.#hasArrived = true;
      turns.add(count);
    } catch (thrown) {
      // Who is left without a word of TLS has come to the end as with plain TCP: what was sent has lengths of its own.
      const isEnd = thrown instanceof Deno.errors.UnexpectedEof;
      this.#endWith(isEnd ? undefined : thrown as Error);
    } finally {
      this.#ahead = undefined;
    }
  }

  #endWith(error: Error | undefined): void {
    this.#end = (this.#hasArrived ? error : this.#explain(error)) ?? "ended";
  }

  async #hasSettled(): Promise<boolean> {
    for (let turn = 0; turn < TURNS_TO_SETTLE && this.#ahead; turn++) await undefined;
    return this.#ahead === undefined;
  }
}
