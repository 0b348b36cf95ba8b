/**
 * The ground truth of a synthetic camera, drawn over the pictures that are shown.
 *
 * `TruthFrames` fetches what the frames show ahead of the player and keeps a bounded part of it;
 * `TruthOverlay` draws the outlines of one frame on a canvas of its own above each picture, so
 * that the pictures stay as they were delivered.
 *
 * @module
 */

import { TICKS_PER_S } from "../player/events.js";

/** @typedef {[number, number, number, number, string, number]} TruthRow `x1, y1, x2, y2, class_name, track_id` in px of the captured frame */
/** @typedef {(fromPts: number, toPts: number) => Promise<{pts: number, boxes: TruthRow[]}[]>} FetchTruth */

export const CHUNK_TICKS = 2 * TICKS_PER_S;
const MAX_CHUNKS = 4;
const RETRY_MS = 2000;
/** Ink and width, screen px: light on dark, so that an outline shows on any ground. */
const INKS = /** @type {[string, number][]} */ ([["#101418", 3], ["#ffffff", 1]]);

/** What is in each frame, by pts, in chunks of two seconds; the one asked for first goes first. */
export class TruthFrames {
  /** @type {Map<number, Map<number, TruthRow[]> | null>} null while it is on its way */
  #chunks = new Map();
  #notBeforeMs = -Infinity;

  /** @param {FetchTruth} fetchTruth */
  constructor(fetchTruth) {
    this.fetchTruth = fetchTruth;
  }

  get size() {
    return this.#chunks.size;
  }

  /**
   * The boxes of the frame with this pts, or null when they are not known (yet). Asks for the
   * chunk that holds it and for the one that comes next.
   *
   * @param {number} pts
   * @param {number} nowMs
   */
  at(pts, nowMs) {
    const number = Math.floor(pts / CHUNK_TICKS);
    if (nowMs >= this.#notBeforeMs) {
      void this.#fetch(number, nowMs);
      void this.#fetch(Math.floor(pts / CHUNK_TICKS + 0.5), nowMs);
    }
    return this.#chunks.get(number)?.get(pts) ?? null;
  }

  /**
   * @param {number} number
   * @param {number} nowMs
   */
  async #fetch(number, nowMs) {
    if (this.#chunks.has(number)) return;
    this.#chunks.set(number, null);
    const [oldest] = this.#chunks.keys(); // the first to come: pts begin anew with the server
    if (this.#chunks.size > MAX_CHUNKS) this.#chunks.delete(oldest);
    try {
      const frames = await this.fetchTruth(number * CHUNK_TICKS, (number + 1) * CHUNK_TICKS);
      if (!this.#chunks.has(number)) return;
      this.#chunks.set(number, new Map(frames.map(({ pts, boxes }) => [pts, boxes])));
    } catch {
      this.#chunks.delete(number); // the player says what is wrong with the server
      this.#notBeforeMs = nowMs + RETRY_MS;
    }
  }
}

/** The outlines over all pictures of a stage. */
export class TruthOverlay {
  /**
   * @param {HTMLElement} stage
   * @param {{width: number, height: number}} captureSize px of the captured frame
   * @param {FetchTruth} fetchTruth
   */
  constructor(stage, captureSize, fetchTruth) {
    this.stage = stage;
    this.captureSize = captureSize;
    this.frames = new TruthFrames(fetchTruth);
  }

  /** Draw the outlines of the frame that is shown now. @param {number} pts */
  draw(pts) {
    const rows = this.frames.at(pts, performance.now()) ?? [];
    for (const figure of this.stage.querySelectorAll("figure")) {
      const frame = figure.querySelector(".streamlab-frame") ?? figure;
      const canvas = frame.querySelector("canvas.truth") ?? frame.appendChild(newCanvas());
      this.#drawOn(/** @type {HTMLCanvasElement} */ (canvas), rows);
    }
  }

  /** Take the outlines away. */
  remove() {
    for (const canvas of this.stage.querySelectorAll("canvas.truth")) canvas.remove();
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {TruthRow[]} rows
   */
  #drawOn(canvas, rows) {
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round((width * this.captureSize.height) / this.captureSize.width);
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, width, height);
    const [scaleX, scaleY] = [width / this.captureSize.width, height / this.captureSize.height];
    for (const [ink, widthPx] of INKS) {
      context.strokeStyle = ink;
      context.lineWidth = widthPx * ratio;
      for (const [x1, y1, x2, y2] of rows)
        context.strokeRect(x1 * scaleX, y1 * scaleY, (x2 - x1) * scaleX, (y2 - y1) * scaleY);
    }
  }
}

function newCanvas() {
  const canvas = document.createElement("canvas");
  canvas.className = "truth";
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}
