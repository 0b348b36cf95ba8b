/** A `<video>` with Media Source: nothing is decoded, and its clock is moved by the test. */

import { FakeElement } from "./fake_browser.js";

/** @typedef {(now: number, meta: {mediaTime: number}) => void} FrameCallback */

export class FakeSourceBuffer extends EventTarget {
  mode = "";
  updating = false;
  /** @type {[number, number][]} in s */
  ranges = [];
  /** @type {string[]} */
  calls = [];

  get buffered() {
    const { ranges } = this;
    /** @param {number} index */
    const start = (index) => ranges[index][0];
    /** @param {number} index */
    const end = (index) => ranges[index][1];
    return { length: ranges.length, start, end };
  }

  /** @param {Uint8Array} bytes */
  appendBuffer({ length }) {
    this.#begin(`append ${length}`);
  }

  /** @param {number} from @param {number} to */
  remove(from, to) {
    this.#begin(`remove ${from} to ${to}`);
  }

  /** @param {string} call */
  #begin(call) {
    if (this.updating) throw new DOMException("it is updating", "InvalidStateError");
    this.calls.push(call);
    this.updating = true;
  }

  /** End what it does; then it holds these s. @param {...[number, number]} ranges */
  finish(...ranges) {
    this.ranges = ranges;
    this.updating = false;
    this.dispatchEvent(new Event("updateend"));
  }
}

export class FakeMediaSource extends EventTarget {
  readyState = "closed";
  buffer = new FakeSourceBuffer();
  type = "";

  /** @param {string} type */
  addSourceBuffer(type) {
    this.type = type;
    return this.buffer;
  }

  open() {
    this.readyState = "open";
    this.dispatchEvent(new Event("sourceopen"));
  }
}

export class FakeVideo extends EventTarget {
  /** @param {FakeMediaSource} source */
  constructor(source) {
    super();
    this.source = source;
    this.style = new FakeElement("video").style;
  }

  src = "";
  currentTime = 0;
  playbackRate = 1;
  paused = true;
  muted = false;
  playsInline = false;
  videoWidth = 64;
  videoHeight = 36;
  error = null;
  /** Whether it may play. */
  isAllowed = true;
  /** The time of its picture, µs; null when it has none. @type {number | null} */
  pictureUs = null;
  /** @type {FrameCallback[]} */
  #callbacks = [];

  get buffered() {
    return this.source.buffer.buffered;
  }

  /** @param {FrameCallback} callback */
  requestVideoFrameCallback(callback) {
    this.#callbacks.push(callback);
  }

  /** Present a frame and announce it. @param {number} pts */
  present(pts) {
    this.pictureUs = Math.round((pts * 1_000_000) / 90_000);
    this.currentTime = pts / 90_000;
    this.announce(pts);
  }

  /** @param {number} pts */
  announce(pts) {
    for (const callback of this.#callbacks.splice(0)) callback(0, { mediaTime: pts / 90_000 });
  }

  async play() {
    if (!this.isAllowed) throw new DOMException("not now", "NotAllowedError");
    this.paused = false;
  }

  pause() {
    this.paused = true;
  }

  load() {}

  removeAttribute() {
    this.src = "";
  }
}

/** The picture of a video, like that of a browser; with `isWrong` like that of Firefox. */
export class FakeVideoFrame {
  static isWrong = false;
  /** How many are open. */
  static open = 0;

  /** @param {FakeVideo} video */
  constructor(video) {
    if (video.pictureUs === null) throw new DOMException("no picture", "InvalidStateError");
    FakeVideoFrame.open += 1;
    this.timestamp = FakeVideoFrame.isWrong ? Math.round(video.currentTime) : video.pictureUs;
    this.displayWidth = video.videoWidth;
    this.displayHeight = video.videoHeight;
  }

  close() {
    FakeVideoFrame.open -= 1;
  }
}
