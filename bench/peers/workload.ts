// The contract of a workload: what is done, in which unit, by whom, with which goals.

import type { Goal } from "../measure/goals.ts";
import type { Contender } from "../measure/turns.ts";
import type { RunningMorsel } from "./morsel.ts";
import type { RunningNginx } from "./nginx.ts";
import type { RunningPeer } from "./peer.ts";
import type { Contents, Stage } from "./stage.ts";

/** What everything is measured in. */
export type Unit = "MB/s" | "files/s" | "requests/s" | "µs" | "ms" | "s" | "MiB" | "KiB";

/** Everybody who was started, and how much is moved. */
export interface Bench extends Contents {
  readonly stage: Stage;
  /** In the order of the table; without those that are missing or did not start. */
  readonly peers: readonly RunningPeer[];
  readonly morsel: RunningMorsel | undefined;
  readonly nginx: RunningNginx | undefined;
  /** How long requests are made in one run of a rate. */
  readonly seconds: number;
}

/** One thing that is done by several, in turns. */
export interface Workload {
  /** As it is chosen on the command line; what stands before a hyphen chooses it as well. */
  readonly id: string;
  readonly title: (bench: Bench) => string;
  readonly unit: Unit;
  /** Rounds that do not count; none by default. */
  readonly warmups?: number;
  /** Where once says it all; no bound by default. */
  readonly mostRounds?: number;
  /** What a reader has to know to judge the rows. */
  readonly notes?: readonly string[];
  /** By the name of the row; the ratio is the subject's median to that row's. */
  readonly goals: Readonly<Record<string, Goal>>;
  /** What the subject's median is to be by itself, in the unit. */
  readonly ownGoal?: Goal;
  /** Gets everything ready and says who takes part. */
  open(bench: Bench): Promise<OpenWorkload>;
}

/** A workload that can be run. */
export interface OpenWorkload {
  readonly contenders: readonly Contender[];
  /** What is left out, and why. */
  readonly skipped?: readonly string[];
  /** Removes what `open` has put anywhere. */
  close?(): Promise<void>;
}
