// SVG by hand: as little of it as two plots need, readable on a light page and on a dark one.

/** A picture in user units, which are pixels where it is shown in its own size. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** What it shows, for those who do not see it. */
  readonly title: string;
  /** Elements, from the back to the front. */
  readonly elements: readonly string[];
}

/** Attributes of an element; `class` is one of those in the style. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An element with text in it, or without. */
export function element(name: string, attributes: Attributes, text?: string): string {
  const given = Object.entries(attributes).map(([key, value]) => {
    const shown = typeof value === "number" ? Number(value.toFixed(2)) : escape(value);
    return ` ${key}="${shown}"`;
  });
  const inner = text === undefined ? "/>" : `>${escape(text)}</${name}>`;
  return `<${name}${given.join("")}${inner}`;
}

/** The whole of an SVG file. */
export function svg({ width, height, title, elements }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `width="${width}" height="${height}" role="img">`,
    element("title", {}, title),
    `<style>${STYLE}</style>`,
    ...elements,
    "</svg>\n",
  ].join("\n");
}

/** Round values from 0 up to beyond `most`, for the lines of a grid: five to eight of them. */
export function gridValues(most: number): number[] {
  const rough = most / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}

// The picture lies on the page's own background; its colours follow what the reader's system prefers.
const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328; font-variant-numeric: tabular-nums }
.head { font-weight: 600 }
.quiet { fill: #59636e }
.end { text-anchor: end }
.middle { text-anchor: middle }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.spread { stroke: #59636e; stroke-width: 1.5 }
.own { fill: #2f6feb }
.other { fill: #a9b4c0 }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
.down { stroke: #2f6feb }
.up { stroke: #c2540a }
.down-dot { fill: #2f6feb }
.up-dot { fill: #c2540a }
.mark { fill: #2f6feb; opacity: 0.1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .quiet { fill: #9198a1 }
  .grid { stroke: #3d444d }
  .spread { stroke: #9198a1 }
  .own, .down-dot { fill: #4493f8 }
  .other { fill: #59636e }
  .down { stroke: #4493f8 }
  .up { stroke: #f0883e }
  .up-dot { fill: #f0883e }
  .mark { fill: #4493f8; opacity: 0.18 }
}`;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
