/**
 * A live chart of the drift: a point per frame or per second, over the newest of them.
 *
 * @module
 */

import { ChartPicture } from "./chart_picture.js";
import { chartSpanS, measured, quantile } from "./chart_scale.js";
import { msWords } from "./words.js";

/** @typedef {import("./chart_scale.js").Values} Values */

const MAX_POINTS = 8000;
/** For people who want less motion, the chart moves on once in this time. */
const CALM_MS = 1000;

export class DriftChart {
  /** @type {number[]} */
  #timesS = [];
  /** @type {Values} */
  #drifts = [];
  #toleranceMs = 50;
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #drawnMs = -Infinity;

  /**
   * @param {HTMLElement} container
   * @param {{seconds: number, labelled?: boolean}} options the longest span, and whether it has axes
   */
  constructor(container, { seconds, labelled = false }) {
    this.seconds = seconds;
    this.picture = new ChartPicture(labelled);
    container.append(this.picture.svg);
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.resizes = new ResizeObserver(() => this.#askFrame());
    this.resizes.observe(this.picture.svg);
  }

  /** The drifts that are drawn, ms. */
  get driftsMs() {
    return measured(this.#drifts);
  }

  /** What the chart shows, in words. */
  get summary() {
    const sizes = this.driftsMs.map(Math.abs);
    if (!sizes.length) return "Drift: nothing was measured yet.";
    const most = sizes.reduce((greatest, size) => Math.max(greatest, size));
    const over = sizes.filter((size) => size > this.#toleranceMs).length;
    const spanS = Math.round(chartSpanS(this.#timesS, this.seconds));
    const usual = `median ${msWords(quantile(sizes, 0.5))}, at most ${msWords(most)}`;
    const beyond = `${over || "none"} of ${sizes.length} beyond ${msWords(this.#toleranceMs)}`;
    return `Drift of the last ${spanS} s: ${usual}, ${beyond}.`;
  }

  /**
   * @param {number[]} timesS ascending
   * @param {Values} driftsMs of each; null where it is not known
   * @param {number} toleranceMs
   */
  add(timesS, driftsMs, toleranceMs) {
    this.#toleranceMs = toleranceMs;
    if (timesS.length && timesS[0] <= (this.#timesS.at(-1) ?? -1)) this.clear(); // another timeline
    this.#timesS.push(...timesS);
    this.#drifts.push(...driftsMs);
    const oldestS = (this.#timesS.at(-1) ?? 0) - this.seconds;
    const tooOld = this.#timesS.findIndex((each) => each >= oldestS);
    const gone = Math.max(tooOld, this.#timesS.length - MAX_POINTS);
    if (gone > 0) {
      this.#timesS.splice(0, gone);
      this.#drifts.splice(0, gone);
    }
    this.#ask();
  }

  clear() {
    this.#timesS = [];
    this.#drifts = [];
    this.#ask();
  }

  close() {
    this.resizes.disconnect();
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.picture.svg.remove();
  }

  #ask() {
    const waitMs = this.calm.matches ? this.#drawnMs + CALM_MS - performance.now() : 0;
    if (waitMs > 0) this.#timer ??= setTimeout(() => this.#askFrame(), waitMs);
    else this.#askFrame();
  }

  #askFrame() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#drawnMs = performance.now();
      const [timesS, values, limit] = [this.#timesS, this.#drifts, this.#toleranceMs];
      this.picture.draw({ timesS, values, limit, seconds: this.seconds, summary: this.summary });
    });
  }
}
