/**
 * One picture on the page.
 *
 * @module
 */

import { BoxLayer } from "./box_layer.js";
import { MAX_WAIT_MS } from "./choose.js";
import { capitalised } from "../kit/words.js";

/** @typedef {import("./events.js").Box} Box */
/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").Frame} Frame */
/** @typedef {import("./track.js").Track} Track */

/** How long a switch waits for frames that the old channel still owes. */
const OWED_MS = 100;
/** How long the old channel waits at the frame that the new one is to show first. */
const HOLD_MS = 200;
export const WAITING_WORDS = "No picture yet.";
export const BEHIND_WORDS = `More than ${MAX_WAIT_MS} ms behind, so it is left out.`;


/** One canvas, the track that feeds it and the one that is about to. */
export class Picture {
  /** @type {Track | null} */
  current = null;
  /** @type {Track | null} */
  pending = null;
  shownPts = -Infinity;

  /**
   * @param {string} cameraId
   * @param {Channel} channel
   */
  constructor(cameraId, channel) {
    /** The channel expected next; the canvas says which one it shows. */
    this.channel = channel;
    this.figure = document.createElement("figure");
    this.figure.className = "streamlab-picture";
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.style.cssText = "display:block;max-width:100%";
    /** @type {BoxLayer | null} above the canvas, while there are boxes to draw */
    this.boxes = null;
    this.frame = document.createElement("div");
    this.frame.className = "streamlab-frame";
    this.frame.style.cssText = "position:relative;height:100%";
    this.frame.append(this.canvas);
    this.caption = document.createElement("figcaption");
    this.note = document.createElement("p");
    this.note.className = "streamlab-note";
    this.note.hidden = true;
    this.figure.append(this.frame, this.caption, this.note);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.cameraId = cameraId;
    this.caption.textContent = capitalised(channel);
    this.withdraw(WAITING_WORDS);
  }

  get tracks() {
    return [this.current, this.pending].filter((track) => track !== null);
  }

  get outPts() {
    return Math.max(...this.tracks.map((track) => track.outPts), -Infinity);
  }

  get newestPts() {
    return Math.max(...this.tracks.map((track) => track.newestPts), -Infinity);
  }

  get ready() {
    const untilPts = this.pending?.heldPts ?? Infinity;
    const ready = this.current?.frames.map(({ meta }) => meta.pts) ?? [];
    return ready.filter((pts) => pts < untilPts);
  }

  /** @param {Track} track */
  expect(track) {
    this.pending?.close();
    this.pending = track;
  }

  /**
   * Let the pending track take over once it has a frame to show and the old one owes none before.
   *
   * @param {number} shownPts
   * @param {number} nowMs
   */
  promote(shownPts, nowMs) {
    const { current, pending } = this;
    pending?.take(shownPts + 1);
    const first = pending?.frames[0];
    for (const track of this.tracks) {
      const late = nowMs - track.heldSinceMs > HOLD_MS || shownPts >= track.heldPts;
      if (track.heldPts < Infinity && late) track.letGo();
    }
    if (!pending || !first) return;
    pending.readySinceMs ||= nowMs;
    const waited = nowMs - pending.readySinceMs > OWED_MS;
    if (!waited && current?.owes(shownPts, first.meta.pts)) return;
    current?.close();
    this.current = pending;
    this.pending = null;
  }

  /**
   * Say which channel the canvas shows: only a canvas with a current frame says so.
   *
   * @param {Channel | "overlay"} channel
   */
  present(channel) {
    const { dataset } = this.canvas;
    if (dataset.channel === channel) return;
    dataset.cameraId = this.cameraId;
    dataset.channel = channel;
    this.canvas.setAttribute("aria-label", `${capitalised(channel)} picture of ${this.cameraId}`);
    this.caption.textContent = capitalised(channel);
    this.canvas.style.visibility = "visible";
    this.#removeBoxes();
    this.note.hidden = true;
  }

  /**
   * Show words instead of a picture that is not of this moment.
   *
   * @param {string} words
   */
  withdraw(words) {
    const { dataset } = this.canvas;
    delete dataset.cameraId;
    delete dataset.channel;
    this.canvas.style.visibility = "hidden";
    this.#removeBoxes();
    if (this.note.textContent !== words) this.note.textContent = words;
    this.note.hidden = false;
  }

  /** @param {Box[]} boxes @param {{width: number, height: number}} captured px @param {boolean} isStale */
  drawBoxes(boxes, captured, isStale) {
    if (!this.boxes) {
      this.boxes = new BoxLayer();
      this.frame.append(this.boxes.canvas);
    }
    this.boxes.draw(boxes, captured, isStale);
  }

  #removeBoxes() {
    this.boxes?.canvas.remove();
    this.boxes = null;
  }

  /** @param {Frame} frame */
  draw({ image, width, height }) {
    const { canvas, context } = this;
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    context?.drawImage(image, 0, 0, width, height);
  }

  close() {
    for (const track of this.tracks) track.close();
    this.current = null;
    this.pending = null;
    this.figure.remove();
  }
}
