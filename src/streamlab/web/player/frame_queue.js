/**
 * The decoded frames that wait to be drawn, and those that a decoder still owes.
 *
 * @module
 */

/** @typedef {import("./events.js").Frame} Frame */
/** @typedef {import("./events.js").FrameMeta} FrameMeta */
/** @typedef {import("./meter.js").Counters} Counters */

const MAX_FRAMES = 24;

/** Both in the order of their pts; the frames are bounded, and the oldest is dropped first. */
export class FrameQueue {
  /** @type {Frame[]} decoded, ascending pts */
  frames = [];
  /** @type {Map<number, FrameMeta>} given to the decoder, not yet come out; ascending pts */
  owed = new Map();
  /** Newest pts that came out. */
  outPts = -Infinity;
  /** Frames up to this pts are decoded but never drawn. */
  floorPts = -Infinity;
  /** Whether frames are wanted; those that come out otherwise are closed. */
  isOpen = true;

  /** @param {Counters} counters @param {() => number} shownPts */
  constructor(counters, shownPts) {
    this.counters = counters;
    this.shownPts = shownPts;
  }

  /**
   * Whether a frame after `afterPts` and before `beforePts` is decoded or still to come out.
   *
   * @param {number} afterPts
   * @param {number} beforePts
   */
  owes(afterPts, beforePts) {
    /** @param {number} pts */
    const between = (pts) => pts > afterPts && pts < beforePts;
    return this.frames.some(({ meta }) => between(meta.pts)) || [...this.owed.keys()].some(between);
  }

  /** @param {Frame} frame */
  enqueue(frame) {
    const { pts } = frame.meta;
    this.outPts = Math.max(this.outPts, pts);
    if (!this.isOpen || pts <= Math.max(this.floorPts, this.shownPts())) {
      frame.close();
      return;
    }
    this.frames.push(frame);
    this.counters.peakFrames = Math.max(this.counters.peakFrames, this.frames.length);
    if (this.frames.length > MAX_FRAMES) {
      this.frames.shift()?.close();
      this.counters.overflowed += 1;
    }
  }

  /** Draw nothing up to this pts. @param {number} pts */
  setFloor(pts) {
    this.floorPts = pts;
    this.#dropWhile((each) => each <= pts);
  }

  /**
   * Take the meta of a frame that came out; those before it will not come any more.
   *
   * @param {number} pts
   */
  settle(pts) {
    const meta = this.owed.get(pts) ?? { pts, capturedAtMs: NaN, boxAgeMs: null };
    for (const key of this.owed.keys()) {
      if (key > pts) break;
      this.owed.delete(key);
    }
    return meta;
  }

  /**
   * Remove and return the frame of this pts; older ones are closed.
   *
   * @param {number} pts
   * @returns {{frame: Frame | null, dropped: number}}
   */
  take(pts) {
    const dropped = this.#dropWhile((each) => each < pts);
    const hit = this.frames[0]?.meta.pts === pts;
    return { frame: (hit && this.frames.shift()) || null, dropped };
  }

  dropFrames() {
    for (const frame of this.frames) frame.close();
    this.frames = [];
    this.owed.clear();
  }

  /** @param {(pts: number) => boolean} isOld */
  #dropWhile(isOld) {
    let count = 0;
    for (; this.frames.length && isOld(this.frames[0].meta.pts); count += 1)
      this.frames.shift()?.close();
    return count;
  }
}
