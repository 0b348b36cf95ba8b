/**
 * How a chart is scaled: how long its axis is, how high, where its line breaks, and which points
 * are beyond its edge. Values are null where nothing was measured.
 *
 * @module
 */

/** @typedef {(number | null)[]} Values */
/** @typedef {{timeS: number, value: number}} Point */
/** @typedef {{above: number, below: number}} Edges of the chart, both positive */

const ROUND = [1, 1.5, 2, 3, 5, 7.5, 10];
/** With this share of all values the scale is made; what is far beyond them is an outlier. */
const USUAL = 0.95;
const FAR = 2;
const MIN_SPAN_S = 1;
/** The line breaks where there are no values for this long, and for this many usual intervals. */
const HOLE_S = 1;
const HOLE_INTERVALS = 3;

/** @param {Values} values @returns {number[]} */
export const measured = (values) => values.filter((value) => value !== null);

/** @param {number[]} values @param {number} fraction 0..1 */
export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
}

/**
 * Return how far the chart goes above and below zero: round figures beyond the limit and all values
 * but the outliers.
 *
 * @param {Values} values
 * @param {number} limit
 * @returns {Edges}
 */
export function edgesOf(values, limit) {
  const known = measured(values);
  const usual = known.length ? FAR * quantile(known.map(Math.abs), USUAL) : 0;
  const [greatest, least] = known.reduce(([most, low], each) => [Math.max(most, each), Math.min(low, each)], [0, 0]);
  /** @param {number} end */
  const edge = (end) => roundUp(Math.max(1.25 * limit, 1.05 * Math.min(end, usual)) || 1);
  return { above: edge(greatest), below: edge(-least) };
}

/** @param {number} size */
function roundUp(size) {
  const unit = 10 ** Math.floor(Math.log10(size));
  return (ROUND.find((factor) => factor * unit >= size) ?? 10) * unit;
}

/** Return how long the axis is, s: as long as the data, at most `mostS`. @param {number[]} timesS @param {number} mostS */
export function chartSpanS(timesS, mostS) {
  const lengthS = (timesS.at(-1) ?? 0) - (timesS[0] ?? 0);
  return Math.min(mostS, Math.max(MIN_SPAN_S, lengthS));
}

/** Return the interval beyond which nothing was measured in between, s. @param {number[]} timesS */
export function holeS(timesS) {
  const intervalsS = timesS.slice(1).map((timeS, index) => timeS - timesS[index]);
  return Math.max(HOLE_S, HOLE_INTERVALS * (intervalsS.length ? quantile(intervalsS, 0.5) : 0));
}

/**
 * Return the line as pieces without holes.
 *
 * @param {number[]} timesS ascending
 * @param {Values} values
 */
export function piecesOf(timesS, values) {
  const longestS = holeS(timesS);
  /** @type {Point[][]} */
  const pieces = [];
  let lastS = -Infinity;
  for (const [index, timeS] of timesS.entries()) {
    const value = values[index];
    if (value === null) lastS = -Infinity;
    else {
      if (timeS - lastS > longestS) pieces.push([]);
      pieces.at(-1)?.push({ timeS, value });
      lastS = timeS;
    }
  }
  return pieces;
}

/**
 * Return the points beyond the edges: of those that are closer to each other than `apartS`, the
 * greatest.
 *
 * @param {Point[]} points ascending in time
 * @param {Edges} edges
 * @param {number} apartS
 */
export function outliersOf(points, { above, below }, apartS) {
  /** @type {Point[]} */
  const kept = [];
  for (const point of points) {
    if (point.value <= above && point.value >= -below) continue;
    const last = kept.at(-1);
    if (!last || point.timeS - last.timeS >= apartS) kept.push(point);
    else if (Math.abs(point.value) > Math.abs(last.value)) kept[kept.length - 1] = point;
  }
  return kept;
}

/**
 * Return the levels that the axis names: zero, and of the limit and the edges those that have room.
 *
 * @param {Edges} edges
 * @param {number} limit
 * @param {number} apart
 */
export function levelsOf({ above, below }, limit, apart) {
  /** @param {number} edge @param {number} sign */
  const side = (edge, sign) =>
    [limit, edge]
      .reduce((kept, size) => (size - (kept.at(-1) ?? 0) >= apart ? [...kept, size] : kept), [0])
      .slice(1)
      .map((size) => sign * size);
  return [...side(above, 1).reverse(), 0, ...side(below, -1)];
}
