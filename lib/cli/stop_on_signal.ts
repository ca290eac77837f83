// Ctrl-C as an abort signal: the first asks to stop, a second one does not wait.

import type { HostProcess } from "../runtime/process.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";

/** A program's wish to be stopped. Dispose it to let signals have their usual effect again. */
export interface StopOnSignal extends Disposable {
  /** Is aborted by the first signal. */
  readonly signal: AbortSignal;
  /** What shells expect after the signal that came; undefined before. */
  readonly exitCode: ExitCode | undefined;
}

/** Listens for the signals to stop. */
export function stopOnSignal(host: HostProcess): StopOnSignal {
  const controller = new AbortController();
  let exitCode: ExitCode | undefined;
  const undo = host.onSignal((signal) => {
    if (exitCode !== undefined) host.exit(exitCode);
    exitCode = signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
    controller.abort(new DOMException(`Stopped by ${signal}`, "AbortError"));
  });
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]: undo,
  };
}
