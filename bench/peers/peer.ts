// The contract of everybody who is compared: what has to be installed, how it is started, and the commands
// that move files with it. One peer a file.

import type { Command } from "../measure/command.ts";
import type { Daemon } from "../measure/daemon.ts";
import { discard, type Stage } from "./stage.ts";

/** A program a peer needs, and the Debian package that has it. */
export interface Program {
  readonly name: string;
  readonly package: string;
}

/** One who can be compared. */
export interface Peer {
  /** As it is chosen on the command line. */
  readonly name: string;
  readonly programs: readonly Program[];
  /** Starts its server; dispose what comes back to end it. */
  start(stage: Stage): Promise<RunningPeer>;
}

/** A peer whose server is at work. */
export interface RunningPeer extends AsyncDisposable {
  readonly name: string;
  /** Of its programs, in one line. */
  readonly version: string;
  readonly server: Daemon;
  readonly ways: Ways;
  /** The path of a local file or folder with what is stored under this name, for comparing. */
  readBack(name: string): Promise<string>;
  /** Removes what is stored under this name, and what `readBack` made of it. */
  remove(name: string): Promise<void>;
}

/** The ways in which a peer moves files; it may have several for one purpose, or none. */
export interface Ways {
  /** A served file to a path where nothing is. */
  readonly get?: readonly Way[];
  /** A local file to a name where nothing is, on stable storage at the end. */
  readonly put?: readonly Way[];
  /** A served folder to a path where nothing is. */
  readonly getFolder?: readonly Way[];
  /** A local folder to a name where nothing is; the name is that of the folder. */
  readonly putFolder?: readonly Way[];
}

/** One way of moving files. */
export interface Way {
  /** What its row is called. */
  readonly name: string;
  /** Whether it is so slow that it moves a smaller file and its rate is compared. */
  readonly isPartial?: boolean;
  /** What is run, one after the other, all of it timed. */
  commands(from: string, to: string): readonly Command[];
}

/** How a peer that serves a folder is read back and cleared: in the folder. */
export function inFolder(stage: Stage): Pick<RunningPeer, "readBack" | "remove"> {
  const { incoming } = stage;
  return {
    readBack: (name) => Promise.resolve(`${incoming}/${name}`),
    remove: (name) => discard(stage, `${incoming}/${name}`),
  };
}

/** Whether this process may do everything: some servers then want to be told whose name to take. */
export function isRoot(): boolean {
  return Deno.uid() === 0;
}
