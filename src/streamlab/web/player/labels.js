/**
 * Where the labels of boxes go, by the rules of the server's (`detect/labels.py`).
 *
 * A label is placed above its box, or inside its upper edge, or below it, largest box first. It is
 * not much wider than its box: the score is dropped first, then the track id; a box lower than 1.5
 * labels has none. Labels do not overlap: where there is no room, one is shortened, in the end to
 * nothing.
 *
 * @module
 */

/** @typedef {import("./events.js").Box} Box */
/** @typedef {{left: number, top: number, width: number, text: string, name: string}} Label */
/** @typedef {{width: number, height: number, labelHeight: number, measure: (text: string) => number}} Sheet */

const MIN_BOX_LABELS = 1.5;
const MAX_OVERHANG = 1.25;

/** The parts of a label, the most important first. @param {Box} box */
const partsOf = ([, , , , name, score, track]) => [
  name,
  ...(track === null ? [] : [`#${track}`]),
  ...(score === null ? [] : [score.toFixed(2)]),
];

/**
 * @param {Box[]} boxes in the px of the sheet, within it
 * @param {Sheet} sheet its size and the height of a label, px; `measure` gives the width of a text
 * @returns {Label[]}
 */
export function placeLabels(boxes, sheet) {
  /** @param {Box} box */
  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  /** @type {Label[]} */
  const placed = [];
  for (const box of [...boxes].sort((one, other) => area(other) - area(one))) {
    const label = place(box, sheet, placed);
    if (label) placed.push(label);
  }
  return placed;
}

/** @param {Box} box @param {Sheet} sheet @param {Label[]} placed @returns {Label | null} */
function place(box, { width: sheetWidth, height: sheetHeight, labelHeight: height, measure }, placed) {
  const [x1, y1, x2, y2, name] = box;
  if (y2 - y1 < MIN_BOX_LABELS * height) return null;
  const tops = [];
  if (y1 >= height) tops.push(y1 - height);
  if (y2 - y1 >= 2 * height) tops.push(y1);
  if (y2 + height <= sheetHeight) tops.push(y2);
  const parts = partsOf(box);
  for (let count = parts.length; count > 0; count -= 1) {
    const text = parts.slice(0, count).join(" ");
    const width = measure(text) + height / 2;
    if (count > 1 && width > MAX_OVERHANG * (x2 - x1)) continue;
    const left = Math.max(0, Math.min(x1, sheetWidth - width));
    const top = tops.find((each) => placed.every((other) => isApart({ left, top: each, width }, other, height)));
    if (top !== undefined) return { left, top, width, text, name };
  }
  return null;
}

/**
 * Labels may touch.
 *
 * @param {{left: number, top: number, width: number}} one
 * @param {{left: number, top: number, width: number}} other
 * @param {number} height of both
 */
const isApart = (one, other, height) =>
  one.left >= other.left + other.width ||
  other.left >= one.left + one.width ||
  Math.abs(one.top - other.top) >= height;
