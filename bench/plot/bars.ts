// Bars, one below the other, in groups that share a scale: who is how fast.

import { element, gridValues, svg } from "./svg.ts";

/** One bar. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  /** From where to where the runs went. */
  readonly min: number;
  readonly max: number;
  /** Whether it stands out. */
  readonly isOwn: boolean;
}

/** Bars under one heading. */
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const [WIDTH, LABELS, RIGHT] = [760, 250, 60];
const [ROW, BAR, HEAD, GAP] = [24, 14, 26, 14];

/** The plot as an SVG file. */
export function barPlot(groups: readonly BarGroup[]): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ max }) => max)));
  const grid = gridValues(most);
  const scale = (WIDTH - LABELS - RIGHT) / grid.at(-1)!;
  const elements: string[] = [];
  let top = 4;
  for (const { title, bars } of groups) {
    elements.push(element("text", { x: 0, y: top + 14, class: "head" }, title));
    top += HEAD;
    const bottom = top + bars.length * ROW;
    for (const value of grid) {
      const x = LABELS + value * scale;
      elements.push(element("line", { x1: x, x2: x, y1: top, y2: bottom, class: "grid" }));
    }
    bars.forEach((bar, index) => elements.push(...barOf(bar, top + index * ROW, scale)));
    top = bottom + GAP;
  }
  for (const value of grid) {
    const x = LABELS + value * scale;
    elements.push(element("text", { x, y: top + 2, class: "quiet middle" }, String(value)));
  }
  const title = groups.map(({ title }) => title).join("; ");
  return svg({ width: WIDTH, height: top + 10, title, elements });
}

function barOf({ name, value, min, max, isOwn }: Bar, top: number, scale: number): string[] {
  const [y, middle] = [top + (ROW - BAR) / 2, top + ROW / 2];
  const kind = isOwn ? "own" : "other";
  const [from, to] = [LABELS + min * scale, LABELS + max * scale];
  const label = { x: LABELS - 8, y: middle + 4.5, class: isOwn ? "head end" : "end" };
  return [
    element("text", label, name),
    element("rect", { x: LABELS, y, width: value * scale, height: BAR, rx: 2, class: kind }),
    element("line", { x1: from, x2: to, y1: middle, y2: middle, class: "spread" }),
    element("text", { x: to + 6, y: middle + 4.5, class: "quiet" }, String(Math.round(value))),
  ];
}
