/**
 * The boxes of the newest frames, as they arrived.
 *
 * @module
 */

import { TICKS_PER_MS, TICKS_PER_S } from "./events.js";
import { ANNOTATED } from "./views.js";

/** @typedef {import("./events.js").Box} Box */
/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").DetectionsEvent} DetectionsEvent */

const MAX_BOXES = 240;

/** The boxes of a channel's last frames, by pts. */
class BoxHistory {
  /** @typedef {{boxes: Box[], ageMs: number | null}} FrameBoxes */
  /** @type {Map<number, FrameBoxes>} */
  #frames = new Map();

  /** @param {number} pts @param {FrameBoxes} boxes */
  add(pts, boxes) {
    this.#frames.set(pts, boxes);
    if (this.#frames.size > MAX_BOXES) this.#frames.delete(this.#frames.keys().next().value ?? 0);
  }

  /**
   * The boxes of this frame, or the newest older ones (their age then grows by the difference).
   *
   * @param {number} pts
   * @returns {FrameBoxes | null}
   */
  at(pts) {
    const exact = this.#frames.get(pts);
    if (exact) return exact;
    const earlier = [...this.#frames.keys()].filter(
      (key) => key < pts && pts - key < TICKS_PER_S / 2,
    );
    const newest = Math.max(...earlier);
    const found = this.#frames.get(newest);
    if (!found) return null;
    const ageMs = found.ageMs === null ? null : found.ageMs + (pts - newest) / TICKS_PER_MS;
    return { boxes: found.boxes, ageMs };
  }
}

/** The boxes of each annotated channel. */
export class Boxes {
  /** @type {Map<Channel, BoxHistory>} */
  #channels = new Map();

  /** @param {DetectionsEvent} detections */
  receive({ channel = ANNOTATED, pts, detections_pts, detections }) {
    const ageMs = detections_pts == null ? null : (pts - detections_pts) / TICKS_PER_MS;
    if (!this.#channels.has(channel)) this.#channels.set(channel, new BoxHistory());
    this.#channels.get(channel)?.add(pts, { boxes: detections ?? [], ageMs });
  }

  /** @param {Channel} channel @param {number} pts */
  at(channel, pts) {
    return this.#channels.get(channel)?.at(pts) ?? null;
  }

  clear() {
    this.#channels.clear();
  }
}

/** Either may be unknown. @param {number | null} a @param {number | null} b */
export const greater = (a, b) => (a === null || b === null ? (a ?? b) : Math.max(a, b));
