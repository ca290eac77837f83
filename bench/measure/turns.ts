// Runs several contenders in turns, so that what the machine does meanwhile falls on all of them alike.

/** One run of a contender. */
export interface Sample {
  /** What is compared, in the unit of its workload. */
  readonly value: number;
  /** What else was measured, by name. */
  readonly extras?: Readonly<Record<string, number>>;
}

/** Somebody who does the same work as the others. */
export interface Contender {
  readonly name: string;
  /** Whether the others are compared with it; the first that says so is. */
  readonly isSubject?: boolean;
  /** Does it once, checks the outcome, removes what it left and returns what the timed part gave. */
  run(signal: AbortSignal): Promise<Sample>;
}

/** Options of {@linkcode inTurns}. */
export interface TurnsOptions {
  /** How often each contender runs. */
  readonly rounds: number;
  /** Rounds before those, which do not count. */
  readonly warmups?: number;
  /** Ends it between two runs, and the run it falls into where that listens. */
  readonly signal: AbortSignal;
  /** Told of each run that counts. */
  readonly onSample?: (contender: Contender, sample: Sample) => void;
  /** Told when a contender fails, which then runs no more and has no samples. */
  readonly onFailure: (contender: Contender, error: unknown) => void;
}

/**
 * Runs each contender once a round, each round beginning with another one. Returns the samples of those
 * that did not fail. Throws only when the signal says so.
 */
export async function inTurns(
  contenders: readonly Contender[],
  options: TurnsOptions,
): Promise<Map<Contender, Sample[]>> {
  const { rounds, warmups = 0, signal, onSample, onFailure } = options;
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  for (let round = -warmups; round < rounds; round++) {
    for (const contender of rotated(contenders, round + warmups)) {
      const own = samples.get(contender);
      if (!own) continue;
      signal.throwIfAborted();
      try {
        const sample = await contender.run(signal);
        if (round < 0) continue;
        own.push(sample);
        onSample?.(contender, sample);
      } catch (error) {
        signal.throwIfAborted();
        samples.delete(contender);
        onFailure(contender, error);
      }
    }
  }
  return samples;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
