/**
 * A drift chart's elements: the tolerance as a band, the line with its gaps, violations, and outliers
 * at the edge with their value. Colours are those of the style sheet.
 *
 * @module
 */

import { chartSpanS, edgesOf, levelsOf, outliersOf, piecesOf } from "./chart_scale.js";
import { write } from "./dom.js";
import { msWords } from "./words.js";

/** @typedef {import("./chart_scale.js").Point} Point */
/** @typedef {{timesS: number[], values: import("./chart_scale.js").Values, limit: number, seconds: number, summary: string}} ChartData */
/** @typedef {{width: number, height: number, left: number, x: (timeS: number) => number, y: (value: number) => number}} Scale px */

const SVG = "http://www.w3.org/2000/svg";
/** The room of an outlier's value. */
const LABEL_PX = 64;
const LEVELS_APART_PX = 14;
/** Of the labelled chart's axes. */
const [LEFT_PX, BOTTOM_PX] = [56, 22];

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function svgElement(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}

/** @param {number} x @param {number} y @param {string} anchor @param {string} words */
const label = (x, y, anchor, words) =>
  svgElement("text", { x, y, "text-anchor": anchor, "dominant-baseline": "middle" }, words);

/** Draws in a box of its own size. */
export class ChartPicture {
  #title = svgElement("title");
  #band = svgElement("rect", { class: "band" });
  #zero = svgElement("path", { class: "zero" });
  #line = svgElement("path", { class: "line" });
  #over = svgElement("path", { class: "over" });
  #marks = svgElement("g", { class: "marks" });
  #labels = svgElement("g", { class: "labels" });

  /** @param {boolean} labelled whether it has axes */
  constructor(labelled) {
    this.labelled = labelled;
    this.svg = svgElement("svg", { class: "streamlab-chart", role: "img" });
    this.svg.append(this.#title, this.#band, this.#zero, this.#line, this.#over);
    this.svg.append(this.#marks, this.#labels);
  }

  /** @param {ChartData} data */
  draw({ timesS, values, limit, seconds, summary }) {
    write(this.#title, summary); // its name for screen readers
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || !height) return;
    const [left, bottom] = this.labelled ? [LEFT_PX, BOTTOM_PX] : [0, 0];
    const edges = edgesOf(values, limit);
    const { above, below } = edges;
    const spanS = chartSpanS(timesS, seconds);
    const newestS = timesS.at(-1) ?? 0;
    const perS = (width - left) / spanS;
    const per = (height - bottom) / (above + below);
    /** @type {Scale} */
    const scale = {
      width,
      height,
      left,
      x: (timeS) => width + (timeS - newestS) * perS,
      y: (value) => (above - Math.max(-below, Math.min(above, value))) * per,
    };
    const pieces = piecesOf(timesS, values);
    this.#drawBand(limit, scale);
    this.#drawLine(pieces, limit, scale);
    this.#drawMarks(outliersOf(pieces.flat(), edges, LABEL_PX / perS), scale);
    if (!this.labelled) return;
    const levels = levelsOf(edges, limit, LEVELS_APART_PX / per);
    this.#labels.replaceChildren(
      ...levels.map((level) => label(left - 6, scale.y(level), "end", `${Number(level.toFixed(1))} ms`)),
      label(left, height - 7, "start", `${Math.round(spanS)} s ago`),
      label(width - 2, height - 7, "end", "now"),
    );
  }

  /** @param {number} limit @param {Scale} scale */
  #drawBand(limit, { width, left, y }) {
    const box = { x: left, width: width - left, y: y(limit), height: y(-limit) - y(limit) };
    for (const [key, value] of Object.entries(box)) this.#band.setAttribute(key, value.toFixed(1));
    this.#zero.setAttribute("d", `M${left} ${y(0).toFixed(1)}H${width}`);
  }

  /** @param {Point[][]} pieces @param {number} limit @param {Scale} scale */
  #drawLine(pieces, limit, { x, y }) {
    /** @param {Point} point */
    const at = ({ timeS, value }) => `${x(timeS).toFixed(1)} ${y(value).toFixed(1)}`;
    const lines = pieces.map((piece) => `M${at(piece[0])}h0L${piece.map(at).join("L")}`);
    const over = pieces.flat().filter(({ value }) => Math.abs(value) > limit);
    this.#line.setAttribute("d", lines.join(""));
    this.#over.setAttribute("d", over.map((point) => `M${at(point)}h0`).join(""));
  }

  /** @param {Point[]} outliers @param {Scale} scale */
  #drawMarks(outliers, { width, x, y }) {
    const marks = outliers.map(({ timeS, value }) => {
      const isLeft = x(timeS) < width - LABEL_PX;
      const words = `${value > 0 ? "↑" : "↓"} ${msWords(value)}`;
      const [beside, below] = [isLeft ? 6 : -6, value > 0 ? 7 : -7];
      return label(x(timeS) + beside, y(value) + below, isLeft ? "start" : "end", words);
    });
    this.#marks.replaceChildren(...marks);
  }
}
