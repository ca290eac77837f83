// How wide text is on a terminal, in columns: a character as a person sees it takes none, one or two, however
// many code points it is made of. @std/cli has unicodeWidth, but what is republished of it lacks its table.

/** How many columns of a terminal `text` takes. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of clustersOf(text)) width += clusterWidth(segment);
  return width;
}

/** `text`, cut in the middle so that it takes no more than `width` columns: names differ at both ends. */
export function fitWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? "…" : "";
  const parts = Array.from(clustersOf(text), ({ segment }) => segment);
  const head = takeWidth(parts, Math.ceil((width - 1) / 2));
  const tail = takeWidth(parts.toReversed(), Math.floor((width - 1) / 2));
  return `${head.join("")}…${tail.toReversed().join("")}`;
}

/** `text` with spaces behind it to take `width` columns; longer text as it is. */
export function padWidth(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

// Made when it is first wanted: that takes 20 ms, which a program that prints plain text need not spend.
let segmenter: Intl.Segmenter | undefined;

function clustersOf(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

const PLAIN = /^[\x20-\x7e]*$/;
// Drawn as one picture, also where several are joined; the selector U+FE0F makes one of a plain symbol.
const PICTURE = /\p{Emoji_Presentation}|\p{Extended_Pictographic}.?\ufe0f|\ufe0f\u20e3/u;
// Nothing of its own: accents, joiners, and the vowels and finals of a Hangul syllable that is spelled out.
const NO_WIDTH = /[\p{Mn}\p{Me}\u1160-\u11ff]|(?!\u00ad)\p{Cf}/u;
// The blocks that Unicode's EastAsianWidth.txt calls W or F and that are no emoji: Hangul, kana, Han, Tangut and
// full-width forms. A rare character that is missed makes a line too wide, and the terminal cuts it.
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u;

function clusterWidth(cluster: string): number {
  if (PICTURE.test(cluster)) return 2;
  let width = 0;
  for (const character of cluster) {
    if (!NO_WIDTH.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

function takeWidth(parts: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const part of parts) {
    left -= clusterWidth(part);
    if (left < 0) break;
    taken.push(part);
  }
  return taken;
}
