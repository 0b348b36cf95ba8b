/**
 * The pictures of a camera side by side, drawn in one animation frame, at the same pts.
 *
 * @module
 */

import { MAX_WAIT_MS, nextCommon } from "./choose.js";
import { TICKS_PER_MS } from "./events.js";
import { Boxes, greater } from "./overlay.js";
import { BEHIND_WORDS, Picture, WAITING_WORDS } from "./picture.js";
import { ANNOTATED, RAW } from "./views.js";

/** @typedef {import("./events.js").Channel} Channel */
/** @typedef {import("./events.js").FrameMeta} FrameMeta */
/** @typedef {import("./meter.js").Meter} Meter */
/** @typedef {{width: number, height: number}} Size */

/** Below this a channel that was left behind is waited for again. */
const REJOIN_MS = 225;

export class Stage {
  /** @type {Picture[]} one per channel of the view, raw first */
  pictures = [];
  shownPts = -Infinity;
  /** @type {Set<Channel>} channels that are left out because they are too late */
  behind = new Set();
  boxes = new Boxes();
  /** Whether boxes are drawn over the raw picture. */
  overlay = false;
  /** Whether nothing is drawn but so many frames as were asked for. */
  isPaused = false;
  steps = 0;
  #animation = 0;

  /**
   * @param {object} options
   * @param {HTMLElement} options.container
   * @param {string} options.cameraId
   * @param {Size | null} options.captureSize px of the captured frame, when a quality is scaled
   * @param {Meter} options.meter
   * @param {(pts: number, channels: string[]) => void} options.onDrawn
   */
  constructor({ container, cameraId, captureSize, meter, onDrawn }) {
    this.container = container;
    this.cameraId = cameraId;
    this.captureSize = captureSize;
    this.meter = meter;
    this.onDrawn = onDrawn;
  }

  start() {
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#animation = requestAnimationFrame(this.#animate);
  }

  close() {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    cancelAnimationFrame(this.#animation);
    for (const picture of this.pictures) picture.close();
    this.pictures = [];
    this.boxes.clear();
  }

  /** Show these channels; pictures that stay go on as they are. @param {Channel[]} channels */
  layOut(channels) {
    const before = this.pictures;
    this.pictures = channels.map(
      (channel) =>
        before.find((each) => each.channel === channel) ?? new Picture(this.cameraId, channel),
    );
    for (const picture of before) if (!this.pictures.includes(picture)) picture.close();
    this.container.prepend(...this.pictures.map(({ figure }) => figure));
  }

  /** Forget what was shown: another timeline has begun. */
  restart() {
    this.shownPts = -Infinity;
    this.boxes.clear();
    for (const picture of this.pictures) picture.shownPts = -Infinity;
  }

  get tracks() {
    return this.pictures.flatMap((picture) => picture.tracks);
  }

  /** The channels that the canvases show at the moment. */
  get shown() {
    return this.pictures.map(({ canvas }) => canvas.dataset.channel);
  }

  /** Whether a picture that takes part has received nothing newer than what is shown. */
  get isStarved() {
    const taking = this.pictures.filter(({ channel }) => !this.behind.has(channel));
    return taking.some(({ newestPts }) => newestPts <= this.shownPts);
  }

  /** The drift of the picture that is farthest from the first (raw, if it is shown), ms. */
  get driftMs() {
    const [first, ...others] = this.pictures.map((picture) => picture.shownPts);
    if (this.behind.size || !others.length) return null;
    const drifts = others.map((pts) => (first - pts) / TICKS_PER_MS);
    const [worst] = drifts.sort((a, b) => Math.abs(b) - Math.abs(a));
    return drifts.every(Number.isFinite) ? worst : null;
  }

  #onVisibility = () => {
    for (const track of this.tracks) track.setPaused(document.hidden);
  };

  #animate = () => {
    this.#animation = requestAnimationFrame(this.#animate);
    const nowMs = performance.now();
    for (const picture of this.pictures) {
      for (const track of picture.tracks) {
        if (track.isStalled) track.resync();
        track.look();
      }
      picture.promote(this.shownPts, nowMs);
    }
    if (!this.isPaused || this.steps) this.#drawNext();
  };

  /** Draw the next frame that all pictures have; those that are too late are left out. */
  #drawNext() {
    const leadPts = Math.max(...this.pictures.map(({ outPts }) => outPts));
    const late = this.pictures.filter(({ channel, outPts }) => {
      const lagMs = (leadPts - outPts) / TICKS_PER_MS;
      return lagMs > (this.behind.has(channel) ? REJOIN_MS : MAX_WAIT_MS);
    });
    this.behind = new Set(late.map(({ channel }) => channel));
    for (const picture of late)
      picture.withdraw(picture.outPts === -Infinity ? WAITING_WORDS : BEHIND_WORDS);
    const pictures = this.pictures.filter((picture) => !late.includes(picture));
    if (!pictures.length) return;
    const ready = pictures.map((picture) => picture.ready);
    const newestPts = Math.min(...pictures.map((picture) => picture.newestPts));
    const pts = nextCommon(ready, this.shownPts, newestPts);
    if (pts !== null) this.#draw(pictures, pts);
  }

  /**
   * @param {Picture[]} pictures
   * @param {number} pts
   */
  #draw(pictures, pts) {
    const { counters } = this.meter;
    let capturedAtMs = NaN;
    this.meter.boxAgeMs = null;
    for (const picture of pictures) {
      const track = picture.current;
      const { frame, dropped } = track?.take(pts) ?? { frame: null, dropped: 0 };
      if (!track || !frame) continue;
      if (pictures.length === 1) counters.skipped += dropped;
      else counters.unpaired += dropped;
      picture.draw(frame);
      this.#finish(picture, track.channel, frame.meta);
      capturedAtMs = frame.meta.capturedAtMs;
      frame.close();
      picture.shownPts = pts;
      counters.shown += 1;
    }
    this.shownPts = pts;
    this.steps = 0;
    this.meter.drawn(this.isPaused ? NaN : capturedAtMs);
    this.onDrawn(
      pts,
      pictures.map(({ canvas }) => canvas.dataset.channel ?? ""),
    );
  }

  /**
   * Say which channel the picture shows now, and put boxes over it in the overlay view.
   *
   * @param {Picture} picture
   * @param {Channel} channel
   * @param {FrameMeta} meta
   */
  #finish(picture, channel, meta) {
    const overlay = this.overlay && channel === RAW;
    const before = picture.canvas.dataset.channel;
    picture.present(overlay ? "overlay" : channel);
    if (picture.channel === channel && before !== channel) this.meter.switched();
    if (channel !== RAW) this.meter.boxAgeMs = greater(this.meter.boxAgeMs, meta.boxAgeMs);
    if (!overlay) return;
    const found = this.boxes.at(ANNOTATED, meta.pts);
    this.meter.boxAgeMs = found?.ageMs ?? null;
    const captured = this.captureSize ?? picture.canvas;
    picture.drawBoxes(found?.boxes ?? [], captured, (found?.ageMs ?? 0) > 0);
  }
}
