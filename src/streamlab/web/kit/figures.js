/**
 * The figures under the pictures, each with a sentence that says what it is, over which span, and
 * what is good. There are none while the picture is dead or paused.
 *
 * @module
 */

import { DriftChart } from "./chart.js";
import { element, write } from "./dom.js";
import { STATES, msWords, rateWords } from "./words.js";

/** @typedef {import("../player/options.js").PlayerStats} PlayerStats */
/** @typedef {keyof typeof FIGURES} Name */
/** @typedef {{value: HTMLElement, more: HTMLElement, about: HTMLElement}} Cells */
/** @typedef {[value: string, more: string, isOver?: boolean, why?: string]} Shown */

const CHART_S = 60;
const UNKNOWN = "–";
const FIGURES = {
  latency: [
    "Latency",
    "From the capture of a frame to its display here: the median of the last 300 frames. Below 100 ms is good.",
  ],
  drift: [
    "Drift",
    "How far apart raw and annotated are shown, or leave the server. The band is the tolerance; within it is good.",
  ],
  fps: [
    "Frames",
    "Frames shown in the last second. As many as the camera sends, none skipped, is good.",
  ],
  bitrate: ["Data", "Video received in the last second. A lower quality needs less."],
  fresh: [
    "Fresh boxes",
    "Frames that show boxes found in themselves, of the last 5 s. The rest show older, dashed boxes. All fresh is best; red is too few.",
  ],
  switch: ["Switch", "From the request for another view to its first frame. Below 100 ms is good."],
};

export class Figures {
  #list = element("dl");
  element = element("div", { className: "sl-figures" }, this.#list);
  /** @type {Map<Name, Cells>} */
  #cells = new Map();
  #chart;
  #hasFrames = false;

  /** @param {{chartS?: number}} [options] how long a span the chart shows */
  constructor({ chartS = CHART_S } = {}) {
    for (const name of Object.keys(FIGURES)) this.#add(/** @type {Name} */ (name));
    const box = element("dd", { className: "sl-chart" });
    this.element.querySelector("[data-figure=drift]")?.append(box);
    this.#chart = new DriftChart(box, { seconds: chartS });
  }

  close() {
    this.#chart.close();
    this.element.remove();
  }

  /**
   * Draw the drift of frames. Whoever has none of them gets a point per second, by `show`.
   *
   * @param {number[]} timesS
   * @param {number[]} driftsMs
   * @param {number} toleranceMs
   */
  addFrames(timesS, driftsMs, toleranceMs) {
    this.#hasFrames = true;
    this.#chart.add(timesS, driftsMs, toleranceMs);
  }

  /** @param {PlayerStats} stats @param {string} quality */
  show(stats, quality) {
    const why = whyNone(stats);
    const shown = why ? null : figuresOf(stats, quality);
    for (const [name, { value, more, about }] of this.#cells) {
      const [text, detail, isOver = false, cause = ""] = shown?.[name] ?? [UNKNOWN, why];
      write(value, text);
      write(more, detail);
      value.classList.toggle("is-over", isOver);
      write(about, `${cause} ${FIGURES[name][1]}`.trim()); // where there is room for the cause
    }
    if (this.#hasFrames) return;
    const { serverDriftMs, syncToleranceMs } = stats;
    const drift = why ? null : serverDriftMs;
    this.#chart.add([Math.round(performance.now() / 1000)], [drift], syncToleranceMs ?? 50);
  }

  /** @param {Name} name */
  #add(name) {
    const [term, sentence] = FIGURES[name];
    const value = element("dd", {}, UNKNOWN);
    const more = element("dd", { className: "sl-more" });
    const about = element("dd", { className: "sl-about" }, sentence);
    this.#cells.set(name, { value, more, about });
    const figure = { tabIndex: 0, dataset: { figure: name } };
    this.#list.append(element("div", figure, element("dt", {}, term), value, more, about));
  }
}

/** Why there are no figures now; empty where there are. @param {PlayerStats} stats */
function whyNone({ state, isPaused }) {
  if (isPaused) return "paused";
  return state === "live" ? "" : STATES[state].toLowerCase();
}

/** @param {PlayerStats} stats @param {string} quality @returns {Record<Name, Shown>} */
function figuresOf(stats, quality) {
  const lost = stats.skipped + stats.overflowed + stats.gaps;
  return {
    latency: [
      msWords(stats.latencyP50Ms),
      stats.latencyP95Ms === null ? "capture to shown" : `p95 ${msWords(stats.latencyP95Ms)}`,
    ],
    drift: driftOf(stats),
    fps: [`${stats.fps.toFixed(1)} fps`, lost ? `${lost} skipped` : "none skipped"],
    bitrate: [rateWords(stats.bitrate), `${quality} quality`],
    fresh: freshOf(stats),
    switch: [
      msWords(stats.switchLastMs),
      stats.switches > 1 ? `p95 ${msWords(stats.switchP95Ms)}` : "until shown",
    ],
  };
}

/** @param {PlayerStats} stats @returns {Shown} */
function driftOf({ shownDriftMs, serverDriftMs, syncToleranceMs, syncState, behind }) {
  const isShown = shownDriftMs !== null;
  const drift = isShown || behind ? shownDriftMs : serverDriftMs;
  const isOver = drift !== null && syncToleranceMs !== null && Math.abs(drift) > syncToleranceMs;
  const server = isShown && serverDriftMs !== null ? `, server ${msWords(serverDriftMs)}` : "";
  const state = syncState && syncState !== "synchronized" ? `, ${syncState}` : "";
  const where = behind ? `${behind} is behind` : isShown ? "shown" : "on the server";
  const words = `${where}${server}${state} · tolerance ${msWords(syncToleranceMs)}`;
  return [msWords(drift), words, isOver];
}

/** @param {PlayerStats} stats @returns {Shown} */
function freshOf({ view, freshFraction, freshnessDetail }) {
  if (view === "raw") return [UNKNOWN, "raw has no boxes"];
  if (freshFraction === null) return [UNKNOWN, "of the last 5 s"];
  const words = `${Math.round(100 * freshFraction)} %`;
  const isOver = freshnessDetail !== "";
  return [words, freshnessDetail || "of the last 5 s", isOver, freshnessDetail];
}
