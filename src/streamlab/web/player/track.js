/**
 * A track: one encoding of one channel, decoded.
 *
 * A decoder turns its samples into frames, and gives them to `enqueue`.
 *
 * @module
 */

import { parseFragment } from "./bytes.js";
import { MAX_WAIT_MS } from "./choose.js";
import { TICKS_PER_MS } from "./events.js";
import { FrameQueue } from "./frame_queue.js";

/** @typedef {import("./events.js").FragmentEvent} FragmentEvent */
/** @typedef {import("./events.js").InitEvent} InitEvent */
/** @typedef {import("./meter.js").Counters} Counters */
/** @typedef {import("./decoder.js").Decoder} Decoder */
/** @typedef {import("./decoder.js").Sample} Sample */

/** Received but not decoded for longer than this: jump to the newest GOP. */
const STALL_MS = 1000;
/** A fragment that is late by less than this is the newest there is. */
const ON_TIME_MS = 50;

/** One encoding of one channel. */
export class Track extends FrameQueue {
  /** Newest pts received. */
  newestPts = -Infinity;
  keyPts = -Infinity;
  needsKey = true;
  sequence = -1;
  closed = false;
  paused = false;
  /** After a stall, until fragments come on time again: only the newest frame is drawn. */
  catchingUp = false;
  /** When a frame was first ready to take over, ms of `performance.now()`. */
  readySinceMs = 0;
  /** The frame it waits at to take over with, which nobody else is to draw; and since when. */
  heldPts = Infinity;
  heldSinceMs = 0;
  #resyncedKeyPts = -Infinity;

  /**
   * @param {InitEvent} init
   * @param {Counters} counters
   * @param {() => number} shownPts
   * @param {(track: Track) => Decoder} makeDecoder
   */
  constructor(init, counters, shownPts, makeDecoder) {
    super(counters, shownPts);
    this.init = init;
    this.decoder = makeDecoder(this);
  }

  get channel() {
    return this.init.channel;
  }

  /** @param {FragmentEvent} fragment */
  fits({ channel, quality, init_id }) {
    const { init } = this;
    return init.channel === channel && init.quality === quality && init.init_id === init_id;
  }

  /**
   * @param {FragmentEvent} fragment
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {number} lateMs how much longer than others it was on its way
   */
  push(fragment, bytes, lateMs = 0) {
    if (this.sequence >= 0 && fragment.sequence !== this.sequence + 1) {
      this.counters.holes += 1;
      this.needsKey = true;
    }
    this.sequence = fragment.sequence;
    if (this.needsKey && !fragment.keyframe) return;
    this.needsKey = false;
    if (fragment.keyframe) this.keyPts = fragment.pts;
    const samples = samplesOf(fragment, bytes);
    this.newestPts = samples.at(-1)?.pts ?? this.newestPts;
    const behind = this.newestPts - this.shownPts() > MAX_WAIT_MS * TICKS_PER_MS;
    if (fragment.cached) {
      if (behind) this.raiseFloor();
    } else {
      this.#followLiveEdge(lateMs, fragment.keyframe);
    }
    this.decoder.decode(samples, fragment.keyframe, bytes);
  }

  /**
   * @param {number} lateMs
   * @param {boolean} keyframe
   */
  #followLiveEdge(lateMs, keyframe) {
    if (lateMs > STALL_MS && !this.catchingUp) this.counters.jumps += 1;
    this.catchingUp = lateMs > (this.catchingUp ? ON_TIME_MS : STALL_MS);
    if (!this.catchingUp) return;
    this.raiseFloor();
    if (keyframe) this.decoder.skipToKeyframe();
  }

  /** Draw nothing that is older than the newest frame received. */
  raiseFloor() {
    this.setFloor(this.newestPts - this.decoder.lookBackTicks - 1);
  }

  /** Whether the track fell so far behind that only the newest GOP is worth decoding. */
  get isStalled() {
    const late = this.newestPts - this.outPts > STALL_MS * TICKS_PER_MS;
    return (
      late &&
      !this.paused &&
      this.outPts > -Infinity &&
      this.keyPts > Math.max(this.outPts, this.#resyncedKeyPts)
    );
  }

  /** Jump to the newest GOP and draw only its end. */
  resync() {
    this.#resyncedKeyPts = this.keyPts;
    this.counters.jumps += 1;
    this.dropFrames();
    this.raiseFloor();
    this.restart();
  }

  /** @override @param {number} pts */
  take(pts) {
    const taken = super.take(pts);
    if (taken.frame) this.letGo();
    return taken;
  }

  close() {
    this.closed = true;
    this.isOpen = false;
    this.dropFrames();
    this.decoder.close();
  }

  /** @param {boolean} paused */
  setPaused(paused) {
    if (this.paused === paused) return;
    this.paused = paused;
    this.isOpen = !paused && !this.closed;
    if (!paused) this.resync();
    else this.dropFrames();
  }

  get queued() {
    return this.owed.size;
  }

  /** Start again from the newest keyframe. */
  restart() {
    this.decoder.restart();
  }

  /** Look whether there is a frame that was not announced yet. Once per animation frame. */
  look() {
    this.decoder.look();
  }

  /** Go on from the frame it waits at. */
  letGo() {
    this.heldPts = Infinity;
    this.decoder.resume();
  }

  /** Wait at this frame until it is drawn. @param {number} pts */
  hold(pts) {
    this.heldPts = pts;
    this.heldSinceMs = performance.now();
  }
}

/**
 * @param {FragmentEvent} fragment
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Sample[]}
 */
function samplesOf(fragment, bytes) {
  return parseFragment(bytes).map((sample, index) => {
    const info = fragment.frames?.[index];
    const pts = info?.pts ?? sample.pts;
    const capturedAtMs = fragment.captured_at * 1000 + (pts - fragment.pts) / TICKS_PER_MS;
    const boxesPts = info?.detections_pts ?? null;
    const boxAgeMs = boxesPts === null ? null : (pts - boxesPts) / TICKS_PER_MS;
    return { ...sample, pts, meta: { pts, capturedAtMs, boxAgeMs } };
  });
}
