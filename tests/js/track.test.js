/** Tracks with a decoder that can be looked into: catching up, jumps, holes and pauses. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Counters } from "../../src/streamlab/web/player/meter.js";
import { Track } from "../../src/streamlab/web/player/track.js";
import { fragment } from "./media.js";

/** @typedef {import("../../src/streamlab/web/player/decoder.js").Sample} Sample */
/** @typedef {import("../../src/streamlab/web/player/events.js").FragmentEvent} FragmentEvent */
/** @typedef {import("../../src/streamlab/web/player/events.js").InitEvent} InitEvent */

const STEP = 3000;
const GOP = 30;
const SECOND = 90_000;

/** Keeps the samples that it owes, and gives their frames when it is told to. */
class HeldDecoder {
  lookBackTicks = 0;
  /** @type {Sample[]} */
  held = [];
  /** @type {string[]} */
  calls = [];

  /** @param {Track} track */
  constructor(track) {
    this.track = track;
  }

  /** @param {Sample[]} samples */
  decode(samples) {
    this.held.push(...samples);
    for (const { meta } of samples) this.track.owed.set(meta.pts, meta);
  }

  /** Give the frames of the oldest samples. @param {number} count */
  give(count) {
    for (const { pts } of this.held.splice(0, count)) {
      const meta = this.track.settle(pts);
      this.track.enqueue({ image: /** @type {any} */ (null), width: 1, height: 1, meta, close: () => (closed += 1) });
    }
  }

  restart() {
    this.calls.push("restart");
  }

  skipToKeyframe() {
    this.calls.push("skip");
    this.held = [];
  }

  look() {}

  resume() {
    this.calls.push("resume");
  }

  close() {
    this.calls.push("close");
  }
}

let closed = 0;
let shownPts = -Infinity;
/** @type {Track} */
let track;
/** @type {HeldDecoder} */
let decoder;
const init = /** @type {InitEvent} */ ({ channel: "raw", quality: "medium", init_id: 1 });

beforeEach(() => {
  [closed, shownPts] = [0, -Infinity];
  track = new Track(init, new Counters(), () => shownPts, (each) => (decoder = new HeldDecoder(each)));
});

/** @param {number} number @param {{lateMs?: number, cached?: boolean}} [options] */
function push(number, { lateMs = 0, cached = false } = {}) {
  const pts = number * STEP;
  const event = /** @type {FragmentEvent} */ ({
    channel: "raw", quality: "medium", init_id: 1, sequence: number, pts, cached,
    keyframe: number % GOP === 0, captured_at: pts / SECOND, frames: [{ pts, detections_pts: pts - STEP }],
  });
  track.push(event, fragment(pts, [[number]]), lateMs);
}

/** @param {number} from @param {number} to */
function pushAll(from, to) {
  for (let number = from; number < to; number += 1) push(number);
}

const ready = () => track.frames.map(({ meta }) => meta.pts / STEP);

test("frames wait in order, with the age of their boxes", () => {
  pushAll(0, 3);
  decoder.give(2);
  assert.deepEqual(ready(), [0, 1]);
  assert.equal(track.frames[0].meta.boxAgeMs, 1000 / 30);
  assert.ok(track.owes(STEP, 3 * STEP) && !track.owes(2 * STEP, 3 * STEP));
});

test("a track begins with a keyframe, and after a hole with the next one", () => {
  pushAll(28, 32);
  decoder.give(9);
  assert.deepEqual(ready(), [30, 31]);
  push(33);
  assert.equal(track.counters.holes, 1);
  pushAll(34, 62);
  decoder.give(99);
  assert.deepEqual(ready().slice(0, 4), [30, 31, 60, 61]);
});

test("to take a frame drops the older ones, and goes on from the one waited at", () => {
  pushAll(0, 4);
  decoder.give(4);
  track.hold(2 * STEP);
  assert.equal(track.heldPts, 2 * STEP);
  const { frame, dropped } = track.take(2 * STEP);
  assert.deepEqual([frame?.meta.pts, dropped, closed], [2 * STEP, 2, 2]);
  assert.equal(track.heldPts, Infinity);
  assert.ok(decoder.calls.includes("resume"));
  assert.equal(track.take(2 * STEP).frame, null);
});

test("what nobody draws is bounded, the oldest goes first", () => {
  pushAll(0, 40);
  decoder.give(40);
  assert.equal(track.frames.length, 24);
  assert.equal(track.counters.overflowed, 16);
  assert.equal(ready()[0], 16);
});

test("what is late by a second is jumped over, until fragments are on time again", () => {
  pushAll(0, 5);
  for (let number = 5; number < 9; number += 1) push(number, { lateMs: 1100 });
  decoder.give(9);
  assert.deepEqual(ready(), [8]);
  assert.equal(track.counters.jumps, 1);
  push(9, { lateMs: 60 });
  assert.ok(track.catchingUp);
  push(10, { lateMs: 40 });
  assert.ok(!track.catchingUp);
});

test("while it catches up, a keyframe makes all before it needless", () => {
  pushAll(0, 28);
  for (let number = 28; number < 31; number += 1) push(number, { lateMs: 1100 });
  assert.deepEqual(decoder.calls, ["skip"]);
  decoder.give(9);
  assert.deepEqual(ready(), [30]);
});

test("of a cached GOP only what is not long past is drawn", () => {
  shownPts = 0;
  for (let number = 0; number < 12; number += 1) push(number, { cached: true });
  decoder.give(12);
  assert.deepEqual(ready(), [11]);
});

test("a decoder that is a second behind starts anew from the newest keyframe, once", () => {
  pushAll(0, 5);
  decoder.give(1);
  pushAll(5, 40);
  assert.ok(track.isStalled);
  track.resync();
  assert.deepEqual(decoder.calls, ["restart"]);
  assert.equal(track.queued, 0);
  assert.ok(!track.isStalled);
});

test("a paused track keeps nothing, and goes on at the live edge", () => {
  pushAll(0, 3);
  decoder.give(3);
  track.setPaused(true);
  assert.deepEqual([track.frames.length, closed], [0, 3]);
  pushAll(3, 6);
  decoder.give(3);
  assert.equal(track.frames.length, 0);
  track.setPaused(false);
  assert.deepEqual(decoder.calls, ["restart"]);
});

test("a closed track closes what still comes out", () => {
  pushAll(0, 3);
  decoder.give(1);
  track.close();
  decoder.give(2);
  assert.deepEqual([track.frames.length, closed, decoder.calls], [0, 3, ["close"]]);
});
