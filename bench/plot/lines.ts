// Lines over sizes that grow: what comes of a larger chunk.

import { formatCount } from "../../lib/cli/format.ts";
import { element, gridValues, svg } from "./svg.ts";

/** One line. */
export interface Line {
  readonly name: string;
  /** The class of its colour. */
  readonly kind: "down" | "up";
  /** A value for each size. */
  readonly values: readonly number[];
}

/** What is drawn. */
export interface LinePlot {
  readonly title: string;
  readonly xTitle: string;
  /** In bytes, growing. */
  readonly sizes: readonly number[];
  /** Of them, the one that stands out. */
  readonly marked: number;
  readonly lines: readonly Line[];
}

const [WIDTH, HEIGHT] = [760, 330];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 90, 34, 52];

/** The plot as an SVG file: the sizes at equal distances, as some of them are close to one another. */
export function linePlot({ title, xTitle, sizes, marked, lines }: LinePlot): string {
  const grid = gridValues(Math.max(...lines.flatMap(({ values }) => values)));
  const bottom = HEIGHT - BOTTOM;
  const x = (index: number) => LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / sizes.length;
  const y = (value: number) => bottom - (bottom - TOP) * value / grid.at(-1)!;
  const elements = [element("text", { x: 0, y: 16, class: "head" }, title)];
  for (const value of grid) {
    const at = { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "grid" };
    elements.push(element("line", at));
    const label = { x: LEFT - 8, y: y(value) + 4.5, class: "quiet end" };
    elements.push(element("text", label, String(value)));
  }
  sizes.forEach((size, index) => {
    const step = (WIDTH - LEFT - RIGHT) / sizes.length;
    if (size === marked) {
      const at = { x: x(index) - step / 2, y: TOP, width: step, height: bottom - TOP };
      elements.push(element("rect", { ...at, class: "mark" }));
    }
    const kind = size === marked ? "head middle" : "quiet middle";
    elements.push(element("text", { x: x(index), y: bottom + 18, class: kind }, sizeText(size)));
  });
  const below = { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 10, class: "quiet middle" };
  elements.push(element("text", below, xTitle));
  for (const { name, kind, values } of lines) {
    const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
    elements.push(element("polyline", { points: points.join(" "), class: `line ${kind}` }));
    values.forEach((value, index) => {
      elements.push(
        element("circle", { cx: x(index), cy: y(value), r: 3.5, class: `${kind}-dot` }),
      );
    });
    const last = y(values.at(-1)!) + 4.5;
    elements.push(element("text", { x: x(sizes.length - 1) + 12, y: last }, name));
  }
  return svg({ width: WIDTH, height: HEIGHT, title, elements });
}

/** Short, so that many stand side by side. */
function sizeText(size: number): string {
  if (size >= 2 ** 20 && size % 2 ** 20 === 0) return `${size / 2 ** 20} Mi`;
  return size >= 4096 && size % 1024 === 0 ? `${size / 1024} Ki` : formatCount(size);
}
