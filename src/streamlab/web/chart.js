/**
 * A live chart of the drift: one point per frame, the tolerance as a band, violations marked.
 *
 * @module
 */

const SVG = "http://www.w3.org/2000/svg";
const CHART_TICKS_PER_S = 90_000;
const MAX_POINTS = 8000;
/** A hole in the line where nobody watched for longer than this. */
const HOLE_S = 1;

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function svgElement(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * Return the greatest drift that the chart has room for, ms: a round figure beyond all points, and
 * beyond the band.
 *
 * @param {number[]} driftsMs
 * @param {number} toleranceMs
 */
export function chartEdgeMs(driftsMs, toleranceMs) {
  let most = 1.25 * toleranceMs;
  for (const drift of driftsMs) most = Math.max(most, 1.05 * Math.abs(drift));
  const unit = 10 ** Math.floor(Math.log10(most));
  const step = [1, 1.5, 2, 3, 5, 7.5, 10].find((factor) => factor * unit >= most) ?? 10;
  return step * unit;
}

/** Draws in a box of its own size; colours are those of the style sheet. */
export class DriftChart {
  /** @type {number[]} */
  #pts = [];
  /** @type {number[]} */
  #driftsMs = [];
  #toleranceMs = 50;
  #frame = 0;
  #line = svgElement("path", { class: "line" });
  #over = svgElement("path", { class: "over" });
  #band = svgElement("rect", { class: "band" });
  #zero = svgElement("path", { class: "zero" });
  #labels = svgElement("g", { class: "labels" });

  /**
   * @param {HTMLElement} container
   * @param {{seconds: number, labelled?: boolean}} options
   */
  constructor(container, { seconds, labelled = false }) {
    this.seconds = seconds;
    this.labelled = labelled;
    this.svg = svgElement("svg", { class: "streamlab-chart", "aria-hidden": "true" });
    this.svg.append(this.#band, this.#zero, this.#line, this.#over, this.#labels);
    container.append(this.svg);
    this.resizes = new ResizeObserver(() => this.#ask());
    this.resizes.observe(this.svg);
  }

  /** The drifts that are drawn, ms. */
  get driftsMs() {
    return this.#driftsMs;
  }

  /**
   * @param {number[]} pts of frames, 1/90000 s, ascending
   * @param {number[]} driftsMs of each
   * @param {number} toleranceMs
   */
  add(pts, driftsMs, toleranceMs) {
    this.#toleranceMs = toleranceMs;
    if (pts.length && pts[0] <= (this.#pts.at(-1) ?? -1)) this.clear(); // another timeline
    this.#pts.push(...pts);
    this.#driftsMs.push(...driftsMs);
    const oldest = (this.#pts.at(-1) ?? 0) - this.seconds * CHART_TICKS_PER_S;
    const gone = Math.max(
      this.#pts.findIndex((each) => each >= oldest),
      this.#pts.length - MAX_POINTS,
    );
    if (gone > 0) {
      this.#pts.splice(0, gone);
      this.#driftsMs.splice(0, gone);
    }
    this.#ask();
  }

  clear() {
    this.#pts = [];
    this.#driftsMs = [];
  }

  close() {
    this.resizes.disconnect();
    cancelAnimationFrame(this.#frame);
    this.svg.remove();
  }

  #ask() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || !height) return;
    const [left, bottom] = this.labelled ? [44, 22] : [0, 0];
    const edgeMs = chartEdgeMs(this.#driftsMs, this.#toleranceMs);
    const newest = this.#pts.at(-1) ?? 0;
    const perTick = (width - left) / (this.seconds * CHART_TICKS_PER_S);
    const perMs = (height - bottom) / (2 * edgeMs);
    /** @param {number} pts */
    const x = (pts) => (width + (pts - newest) * perTick).toFixed(1);
    /** @param {number} driftMs */
    const y = (driftMs) => ((edgeMs - driftMs) * perMs).toFixed(1);
    this.#drawBand(left, width, y);
    this.#drawPoints(x, y);
    if (this.labelled) this.#drawLabels({ left, width, height, y });
  }

  /** @param {number} left @param {number} right @param {(driftMs: number) => string} y */
  #drawBand(left, right, y) {
    const top = y(this.#toleranceMs);
    const attributes = {
      x: left,
      width: right - left,
      y: top,
      height: Number(y(-this.#toleranceMs)) - Number(top),
    };
    for (const [key, value] of Object.entries(attributes))
      this.#band.setAttribute(key, String(value));
    this.#zero.setAttribute("d", `M${left} ${y(0)}H${right}`);
  }

  /** @param {(pts: number) => string} x @param {(driftMs: number) => string} y */
  #drawPoints(x, y) {
    let line = "";
    let over = "";
    let last = -Infinity;
    for (const [index, pts] of this.#pts.entries()) {
      const driftMs = this.#driftsMs[index];
      const at = `${x(pts)} ${y(driftMs)}`;
      line += (pts - last > HOLE_S * CHART_TICKS_PER_S ? "M" : "L") + at;
      if (Math.abs(driftMs) > this.#toleranceMs) over += `M${at}h0`;
      last = pts;
    }
    this.#line.setAttribute("d", line);
    this.#over.setAttribute("d", over);
  }

  /** @param {{left: number, width: number, height: number, y: (ms: number) => string}} frame */
  #drawLabels({ left, width, height, y }) {
    const values = [this.#toleranceMs, 0, -this.#toleranceMs];
    const labels = values.map((ms) => chartLabel(left - 6, y(ms), `${Math.round(ms)} ms`, "end"));
    labels.push(chartLabel(left, height - 7, `${this.seconds} s ago`, "start"));
    labels.push(chartLabel(width - 2, height - 7, "now", "end"));
    this.#labels.replaceChildren(...labels);
  }
}

/** @param {number} x @param {number | string} y @param {string} text @param {string} anchor */
function chartLabel(x, y, text, anchor) {
  const middle = { "dominant-baseline": "middle" };
  const element = svgElement("text", { x, y, "text-anchor": anchor, ...middle });
  element.textContent = text;
  return element;
}
