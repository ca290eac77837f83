// A process that a program of Morsel starts beside itself, on the runtime it runs on. Types only.

/** What is to be started. */
export interface ChildOptions {
  /** The URL of the program; not looked at in a binary, which is a program itself. */
  readonly program: string;
  readonly args: readonly string[];
}

/** A process that was started. Its standard error is that of whoever started it. */
export interface Child {
  /** Standard input; it ends when whoever started it does, in whatever way. */
  readonly input: WritableStream<Uint8Array>;
  /** Standard output. */
  readonly output: ReadableStream<Uint8Array>;
  /** How it ended, for people. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it at once. Harmless once it has ended. */
  kill(): void;
}
