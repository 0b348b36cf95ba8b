/**
 * The pictures that a `<video>` presents, as frames of a track.
 *
 * @module
 */

import { TICKS_PER_S } from "./events.js";
import { usToPts } from "./webcodecs.js";

/** @typedef {import("./events.js").Frame} Frame */
/** @typedef {import("./track.js").Track} Track */

const POOL = 8;
/** How far the time of a picture is from that of its element at most, s. */
const NEAR_S = 1;

export class VideoPictures {
  /** @type {HTMLCanvasElement[]} */
  #pool = [];

  /** @param {HTMLVideoElement} video @param {Track} track */
  constructor(video, track) {
    this.video = video;
    this.track = track;
  }

  /** Take each picture as it is presented, until the track is closed. */
  watch() {
    if (this.track.closed) return;
    if (!("requestVideoFrameCallback" in this.video)) {
      // Without frame callbacks the best known pts is that of the clock.
      requestAnimationFrame(() => {
        const pts = Math.round(this.video.currentTime * TICKS_PER_S);
        const shown = [...this.track.owed.keys()].filter((key) => key <= pts).at(-1);
        if (shown !== undefined) this.#output(shown);
        this.watch();
      });
      return;
    }
    this.video.requestVideoFrameCallback((_now, { mediaTime }) => {
      this.#output(Math.round(mediaTime * TICKS_PER_S));
      this.watch();
    });
  }

  /** @param {number} pts of the frame that was announced */
  #output(pts) {
    if (this.track.closed || this.track.paused || !this.video.videoWidth) return;
    const frame = "VideoFrame" in globalThis ? this.#grab(pts) : this.#copy(pts);
    if (frame) this.track.enqueue(frame);
  }

  /**
   * The picture that the element has now. When the announcement came late it is a newer one than
   * was announced; a VideoFrame (which, unlike VideoDecoder, needs no secure context) knows. That
   * of Firefox does not: it counts seconds where microseconds are due.
   *
   * @param {number} announced its pts if it was announced, else 0
   * @returns {Frame | null} null when it came out before, or the element has none at the moment
   */
  #grab(announced) {
    const image = pictureOf(this.video);
    if (!image) return null;
    const { displayWidth: width, displayHeight: height } = image;
    const own = usToPts(image.timestamp);
    const isKnown = Math.abs(own / TICKS_PER_S - this.video.currentTime) < NEAR_S;
    const pts = isKnown ? own : announced;
    if (pts <= this.track.outPts) {
      image.close();
      return null;
    }
    return { image, width, height, meta: this.track.settle(pts), close: () => image.close() };
  }

  /** @param {number} pts @returns {Frame} */
  #copy(pts) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const image = this.#pool.pop() ?? document.createElement("canvas");
    if (image.width !== width || image.height !== height) Object.assign(image, { width, height });
    image.getContext("2d", { alpha: false })?.drawImage(this.video, 0, 0);
    const close = () => void (this.#pool.length < POOL && this.#pool.push(image));
    return { image, width, height, meta: this.track.settle(pts), close };
  }

  /** Take a picture that was presented without being announced, if there is one. */
  look() {
    if (this.track.outPts > -Infinity && "VideoFrame" in globalThis) this.#output(0);
  }
}

/**
 * The picture that a video shows, or null while it has none (it seeks, or its decoder was taken).
 *
 * @param {HTMLVideoElement} video
 */
function pictureOf(video) {
  try {
    return new VideoFrame(video);
  } catch (error) {
    if (error instanceof DOMException && error.name === "InvalidStateError") return null;
    throw error;
  }
}
