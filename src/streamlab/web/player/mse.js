/**
 * Decoding with Media Source Extensions, where WebCodecs is missing.
 *
 * @module
 */

import { joined, toBytes } from "./bytes.js";
import { MAX_WAIT_MS } from "./choose.js";
import { TICKS_PER_S } from "./events.js";
import { MAX_GOP_FRAMES } from "./decoder.js";
import { VideoPictures } from "./video_pictures.js";

/** @typedef {import("./decoder.js").Decoder} Decoder */
/** @typedef {import("./track.js").Track} Track */

const TARGET_S = 0.15;
const DEAD_ZONE_S = 0.04;
const JUMP_S = 0.6;
const KEEP_S = 4;
/** A seek to a frame aims so far behind its start. */
const INTO_FRAME_S = 0.006;
const MAX_QUEUED = 600;

/**
 * Decodes with a `<video>` that is never in the page: each frame it presents is copied to a
 * canvas, so pairing, switching and drawing are those of WebCodecs.
 *
 * @implements {Decoder}
 */
export class MseDecoder {
  lookBackTicks = TARGET_S * TICKS_PER_S;
  #video = document.createElement("video");
  #source = new MediaSource();
  /** @type {SourceBuffer | null} */
  #buffer = null;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #queue;
  /** @type {VideoPictures} */
  #pictures;
  #placed = false;

  /** @param {Track} track */
  constructor(track) {
    this.track = track;
    this.#pictures = new VideoPictures(this.#video, track);
    this.#queue = [toBytes(track.init.data)];
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.addEventListener("error", () => this.#fail());
    this.#source.addEventListener("sourceopen", () => this.#open(), { once: true });
    this.#video.src = URL.createObjectURL(this.#source);
    this.#pictures.watch();
  }

  #open() {
    URL.revokeObjectURL(this.#video.src);
    if (this.track.closed) return;
    const buffer = this.#source.addSourceBuffer(`video/mp4; codecs="${this.track.init.codec}"`);
    buffer.mode = "segments";
    buffer.addEventListener("updateend", () => this.#advance());
    this.#buffer = buffer;
    this.#advance();
  }

  /** @type {Decoder["decode"]} */
  decode(samples, keyframe, bytes) {
    if (!this.track.paused) for (const { meta } of samples) this.track.owed.set(meta.pts, meta);
    if (this.track.owed.size > MAX_GOP_FRAMES) this.track.owed.clear();
    if (this.#queue.length >= MAX_QUEUED) {
      this.#queue.length = 0;
      this.track.needsKey = true;
      this.track.counters.overflowed += 1;
      return;
    }
    this.#queue.push(bytes);
    this.#advance();
  }

  restart() {
    this.#place(null);
  }

  skipToKeyframe() {} // the element plays on, and is steered to the live edge

  close() {
    this.#queue.length = 0;
    this.#buffer = null;
    this.#video.pause();
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  /** Do the next thing a source buffer can do: one at a time. */
  #advance() {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#source.readyState !== "open") return;
    this.#steer();
    const { buffered } = buffer;
    const keepFrom = this.#video.currentTime - KEEP_S;
    if (buffered.length && buffered.start(0) < keepFrom - KEEP_S) {
      buffer.remove(0, keepFrom);
    } else if (this.#queue.length) {
      const bytes = joined(this.#queue);
      this.#queue.length = 0;
      buffer.appendBuffer(bytes);
    }
  }

  /** Keep `currentTime` near the live edge: place it once, then by rate, then by a jump. */
  #steer() {
    const video = this.#video;
    const { buffered } = video;
    if (!buffered.length) return;
    if (!this.#placed) {
      const afterPts = Math.max(this.track.shownPts(), this.track.floorPts);
      if (buffered.end(buffered.length - 1) > afterPts / TICKS_PER_S) this.#place(afterPts);
      return;
    }
    const last = buffered.length - 1;
    const lag = buffered.end(last) - video.currentTime;
    const inLast = video.currentTime >= buffered.start(last) - DEAD_ZONE_S;
    if (lag > JUMP_S || !inLast) {
      this.track.counters.jumps += 1;
      this.#place(null);
      return;
    }
    const error = lag - TARGET_S;
    const rate = Math.abs(error) < DEAD_ZONE_S ? 1 : 1 + Math.max(-0.1, Math.min(0.1, error));
    if (Math.abs(video.playbackRate - rate) > 0.02) video.playbackRate = rate;
  }

  /**
   * Seek to the first frame after `afterPts` and wait there until it is drawn: the element's clock
   * would run ahead while it decodes, and frames would be lost. Without such a frame near the live
   * edge, go there and play.
   *
   * @param {number | null} afterPts
   */
  #place(afterPts) {
    const video = this.#video;
    const last = video.buffered.length - 1;
    if (last < 0) return;
    const liveS = Math.max(video.buffered.start(last), video.buffered.end(last) - TARGET_S);
    const next = afterPts === null ? undefined : [...this.track.owed.keys()].find((pts) => pts > afterPts);
    const nextS = (next ?? Infinity) / TICKS_PER_S;
    const near = Math.abs(liveS - nextS) < MAX_WAIT_MS / 1000;
    this.#placed = true;
    video.currentTime = near ? nextS + INTO_FRAME_S : liveS;
    if (next !== undefined && near && this.track.floorPts <= this.track.shownPts()) {
      video.pause();
      this.track.hold(next);
    } else {
      this.track.letGo();
    }
  }

  resume() {
    if (this.#placed && this.#video.paused) this.#video.play().catch(() => this.#fail());
  }

  look() {
    this.#pictures.look();
  }

  #fail() {
    if (this.track.closed) return;
    this.track.counters.decodeErrors += 1;
    console.warn("streamlab: the video element failed:", this.#video.error?.message ?? "");
  }
}
