// What the clients did and what they were told: the material of the judge.

import type { ErrorCode } from "../../lib/base/errors.ts";

/** What a client can do. */
export type OperationKind = "put" | "get" | "stat" | "list" | "remove" | "move" | "copy";

/** A file as an answer told of it. */
export interface Seen {
  /** The key of its name, as text. */
  readonly key: string;
  readonly version: number;
  readonly digest: string;
}

/** What a change was made to depend on. */
export interface Expected {
  readonly ifAbsent?: boolean;
  readonly ifVersion?: number;
}

/** What is known of an operation before it is answered. */
export interface Intent {
  readonly client: string;
  readonly kind: OperationKind;
  /** The key of the name, of a move or copy that of its source; of a list the prefix. */
  readonly key: string;
  /** Of a move or copy: the key of its target. */
  readonly to?: string;
  /** Of a put. */
  readonly digest?: string;
  /** Bytes that may have to be moved. */
  readonly size?: number;
  readonly expected?: Expected;
}

/** An operation, and how it ended. */
export interface Operation extends Intent {
  /** Moments are counted, so that of two there is always an earlier one. */
  readonly start: number;
  readonly startMs: number;
  end: number;
  endMs: number;
  /** `refused` had no effect; `unknown` may have had it, or have it yet. */
  outcome: "pending" | "done" | "refused" | "unknown";
  code?: ErrorCode | "aborted";
  /** Of a conflict: the version that was in the way, 0 for none. */
  current?: number;
  /** What the answer described; of a list, all of it. */
  seen: readonly Seen[];
  /** Until when it may have an effect, if its outcome is unknown. */
  effectUntil: () => number;
  /** How often it was sent again, each of which may have had its effect before the one answered. */
  repeated: number;
}

/** All operations of a run. */
export class History {
  readonly operations: Operation[] = [];
  #moment = 0;

  /** The next moment. */
  tick(): number {
    return ++this.#moment;
  }

  /** Notes that an operation begins. */
  begin(intent: Intent, startMs: number): Operation {
    const operation: Operation = {
      ...intent,
      start: this.tick(),
      startMs,
      end: Infinity,
      endMs: Infinity,
      outcome: "pending",
      seen: [],
      effectUntil: () => Infinity,
      repeated: 0,
    };
    this.operations.push(operation);
    return operation;
  }
}
