// What a link is to be like, from the command line.

/** A link of two directions that are alike. */
export interface LinkOptions {
  readonly rttMs: number;
  readonly megabitsPerSecond: number;
  readonly lossPercent: number;
}

/** Reads `--rtt`, `--rate` and `--loss`. Throws a RangeError that says what is right. */
export function linkOptions(
  { rtt = "100", rate = "1000", loss = "0" }: { rtt?: string; rate?: string; loss?: string },
): LinkOptions {
  const [rttMs, megabitsPerSecond, lossPercent] = [rtt, rate, loss].map(Number) as [
    number,
    number,
    number,
  ];
  if (!(rttMs >= 0)) throw new RangeError(`--rtt "${rtt}" is not a number of milliseconds`);
  if (!(megabitsPerSecond > 0)) throw new RangeError(`--rate "${rate}" is not a number above 0`);
  if (!(lossPercent >= 0 && lossPercent < 100)) {
    throw new RangeError(`--loss "${loss}" is not a number from 0 to below 100`);
  }
  return { rttMs, megabitsPerSecond, lossPercent };
}

/** A link in words. */
export function linkText({ rttMs, megabitsPerSecond, lossPercent }: LinkOptions): string {
  return `${rttMs} ms, ${megabitsPerSecond} Mbit/s, ${lossPercent} % loss`;
}
