// Runs the client program on a fake process against fake files.

import { clientProgram } from "../../lib/cli/client_program.ts";
import type { ConnectRemoteOptions } from "../../lib/cli/remote_files.ts";
import type { Address } from "../../lib/runtime/connection.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeHost } from "./fake_host.ts";
import { FakeRemoteFiles } from "./fake_remote_files.ts";

/** A command line in the making: set up what is there, `run` it, look at what it did. */
export class CliRun implements AsyncDisposable {
  readonly host: FakeHost;
  readonly clock = new FakeClock();
  readonly remote = new FakeRemoteFiles();
  /** What connecting fails with. */
  connectFault: Error | undefined;
  /** Where the program connected to. */
  address: Address | undefined;
  connectOptions: ConnectRemoteOptions = {};

  private constructor(host: FakeHost) {
    this.host = host;
  }

  static async open(): Promise<CliRun> {
    return new CliRun(await FakeHost.open());
  }

  /** Runs the program; returns its exit code. */
  run(...args: string[]): Promise<number> {
    this.host.args = args;
    return clientProgram({
      host: this.host,
      clock: this.clock,
      version: "1.2.3",
      connect: (address, options) => {
        this.address = address;
        this.connectOptions = options;
        return this.connectFault ? Promise.reject(this.connectFault) : Promise.resolve(this.remote);
      },
    });
  }

  get out(): string {
    return this.host.stdout.text;
  }

  get err(): string {
    return this.host.stderr.text;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.host[Symbol.asyncDispose]();
  }
}

/** The error that Deno throws when a permission is denied. */
export function notCapable(message: string): Error {
  return Object.assign(new Error(message), { name: "NotCapable" });
}

/** A failure of the file system, as a runtime throws it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: failed`), { code });
}
