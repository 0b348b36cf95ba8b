/**
 * Decoding with WebCodecs.
 *
 * @module
 */

import { parseInit, toBytes } from "./bytes.js";
import { TICKS_PER_S } from "./events.js";
import { MAX_GOP_FRAMES } from "./decoder.js";

/** @typedef {import("./events.js").FrameMeta} FrameMeta */
/** @typedef {import("./decoder.js").Decoder} Decoder */
/** @typedef {import("./track.js").Track} Track */

const MAX_GOP_BYTES = 32 << 20;

/** @param {number} pts */
const ptsToUs = (pts) => Math.round((pts * 1_000_000) / TICKS_PER_S);
/** @param {number} us */
export const usToPts = (us) => Math.round((us * TICKS_PER_S) / 1_000_000);

/**
 * Decodes with WebCodecs. The newest GOP is kept compressed, to start again from it.
 *
 * @implements {Decoder}
 */
export class WebCodecsDecoder {
  lookBackTicks = 0;
  /** @type {VideoDecoder | null} */
  #decoder = null;
  /** @type {{chunk: EncodedVideoChunk, meta: FrameMeta}[]} */
  #gop = [];
  #gopBytes = 0;

  /** @param {Track} track */
  constructor(track) {
    const { init } = track;
    this.track = track;
    /** @type {VideoDecoderConfig} */
    this.config = {
      codec: init.codec,
      codedWidth: init.width,
      codedHeight: init.height,
      description: parseInit(toBytes(init.data)),
      optimizeForLatency: true,
    };
    this.#open();
  }

  #open() {
    const decoder = new VideoDecoder({
      output: (frame) => this.#output(frame),
      error: (error) => this.#fail(decoder, error),
    });
    decoder.configure(this.config);
    this.#decoder = decoder;
  }

  /** @type {Decoder["decode"]} */
  decode(samples, keyframe) {
    if (keyframe) this.#forget();
    samples.forEach(({ pts, duration, data, meta }, index) => {
      const chunk = new EncodedVideoChunk({
        type: keyframe && index === 0 ? "key" : "delta",
        timestamp: ptsToUs(pts),
        duration: ptsToUs(duration),
        data,
      });
      this.#gop.push({ chunk, meta });
      this.#gopBytes += data.byteLength;
      if (!this.track.paused) this.#submit(chunk, meta);
    });
    if (this.#gop.length > MAX_GOP_FRAMES || this.#gopBytes > MAX_GOP_BYTES) {
      this.#forget();
      if (this.track.paused) this.track.needsKey = true;
    }
  }

  restart() {
    const decoder = this.#decoder;
    if (!decoder || decoder.state === "closed") return;
    decoder.reset();
    decoder.configure(this.config);
    if (!this.#gop.length) this.track.needsKey = true;
    for (const { chunk, meta } of this.#gop) this.#submit(chunk, meta);
  }

  skipToKeyframe() {
    this.#forget();
    this.track.owed.clear();
    this.restart();
    this.track.needsKey = false;
  }

  look() {} // every frame is announced

  resume() {} // it never waits

  close() {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
    this.#forget();
  }

  #forget() {
    this.#gop = [];
    this.#gopBytes = 0;
  }

  /**
   * @param {EncodedVideoChunk} chunk
   * @param {FrameMeta} meta
   */
  #submit(chunk, meta) {
    const decoder = this.#decoder;
    if (decoder?.state !== "configured") return;
    if (decoder.decodeQueueSize > MAX_GOP_FRAMES) {
      this.track.needsKey = true;
      this.track.counters.overflowed += 1;
      return;
    }
    this.track.owed.set(meta.pts, meta);
    decoder.decode(chunk);
  }

  /** @param {VideoFrame} image */
  #output(image) {
    const { displayWidth: width, displayHeight: height } = image;
    const meta = this.track.settle(usToPts(image.timestamp));
    this.track.enqueue({ image, width, height, meta, close: () => image.close() });
  }

  /**
   * @param {VideoDecoder} decoder
   * @param {DOMException} error
   */
  #fail(decoder, error) {
    if (decoder !== this.#decoder) return;
    console.warn("streamlab: decoding failed, waiting for the next keyframe:", error.message);
    this.track.counters.decodeErrors += 1;
    this.track.dropFrames();
    this.#forget();
    this.track.needsKey = true;
    this.#open();
  }
}
