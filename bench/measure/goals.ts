// Goals as ratios, and whether a ratio meets them.

/** What a ratio, or a value by itself, is to be. */
export interface Goal {
  /** At least this. */
  readonly atLeast?: number;
  /** At most this. */
  readonly atMost?: number;
  /** Better still. */
  readonly aim?: number;
}

/** What became of a goal. */
export type Verdict = "met" | "missed";

/** Whether `value` meets the goal. A value that is not a number misses it. */
export function judge(goal: Goal, value: number): Verdict {
  const { atLeast = -Infinity, atMost = Infinity } = goal;
  return value >= atLeast && value <= atMost ? "met" : "missed";
}

/** The goal in words: `at least 1.2× (aim 1.5×)`; `unit` stands behind each number. */
export function goalText({ atLeast, atMost, aim }: Goal, unit = "×"): string {
  const words = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}${unit}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}${unit}`]),
  ];
  return words.join(", ") + (aim === undefined ? "" : ` (aim ${aim}${unit})`);
}
