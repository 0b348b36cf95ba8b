/**
 * What is measured on the frames that are drawn.
 *
 * @module
 */

import { ServerClock } from "./clock.js";

const LATENCY_SAMPLES = 300;
const SWITCH_SAMPLES = 100;

/** What is counted; all figures only grow. */
export class Counters {
  /** Frames drawn, per canvas. */
  shown = 0;
  /** Frames that came too late to be drawn, or that were jumped over. */
  skipped = 0;
  /** Frames that not all channels had. */
  unpaired = 0;
  /** Decoded frames thrown away because nobody drew them in time. */
  overflowed = 0;
  /** Jumps to the newest GOP after a hidden tab or a stall. */
  jumps = 0;
  /** `gap` events after which something was missing, and holes that no `gap` announced. */
  gaps = 0;
  holes = 0;
  decodeErrors = 0;
  reconnects = 0;
  /** The most decoded frames that ever waited on one track. */
  peakFrames = 0;
}

/** A ring of the newest samples. */
export class Samples {
  /** @type {number[]} */
  #values = [];
  #next = 0;
  count = 0;
  last = NaN;

  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = capacity;
  }

  /** @param {number} value */
  add(value) {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
    this.count += 1;
    this.last = value;
  }

  /** @param {number} fraction 0..1 @returns {number | null} */
  quantile(fraction) {
    if (!this.#values.length) return null;
    const sorted = [...this.#values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
  }

  clear() {
    this.#values = [];
    this.#next = 0;
  }
}

/** What is shown per second, and how late. */
export class Meter {
  clock = new ServerClock();
  counters = new Counters();
  latencyMs = new Samples(LATENCY_SAMPLES);
  switchMs = new Samples(SWITCH_SAMPLES);
  fps = 0;
  bitrate = 0;
  /** @type {number | null} */
  boxAgeMs = null;
  bytes = 0;
  #draws = 0;
  #switchAskedMs = 0;
  #sinceMs = performance.now();

  /** @param {number} capturedAtMs */
  drawn(capturedAtMs) {
    this.#draws += 1;
    const latencyMs = Date.now() + this.clock.offsetMs - capturedAtMs;
    if (Number.isFinite(latencyMs)) this.latencyMs.add(latencyMs);
  }

  /** A switch is asked for: how long it takes is measured until its first frame is drawn. */
  askSwitch() {
    this.#switchAskedMs = performance.now();
  }

  /** The switch changes nothing that is shown, so there is nothing to wait for. */
  forgetSwitch() {
    this.#switchAskedMs = 0;
  }

  switched() {
    if (this.#switchAskedMs) this.switchMs.add(performance.now() - this.#switchAskedMs);
    this.#switchAskedMs = 0;
  }

  tick() {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#sinceMs) / 1000;
    this.fps = this.#draws / seconds;
    this.bitrate = (this.bytes * 8) / seconds;
    this.#draws = 0;
    this.bytes = 0;
    this.#sinceMs = nowMs;
  }
}
