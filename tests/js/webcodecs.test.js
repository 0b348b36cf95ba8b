/** WebCodecs: which chunks are decoded, what is kept to start again from, and what a failure does. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Counters } from "../../src/streamlab/web/player/meter.js";
import { playbackMode } from "../../src/streamlab/web/player/playback.js";
import { Track } from "../../src/streamlab/web/player/track.js";
import { WebCodecsDecoder } from "../../src/streamlab/web/player/webcodecs.js";
import { FakeBrowser } from "./fake_browser.js";
import { fragment, initSegment } from "./media.js";

/** @typedef {import("../../src/streamlab/web/player/events.js").FragmentEvent} FragmentEvent */
/** @typedef {import("../../src/streamlab/web/player/events.js").InitEvent} InitEvent */

const STEP = 3000;
const GOP = 30;

/** @type {FakeBrowser} */
let browser;
/** @type {Track} */
let track;
/** @type {any[]} the decoders of the browser, as they were opened */
let opened = [];

beforeEach(() => {
  browser = new FakeBrowser();
  mock.method(console, "warn", () => {});
  opened = [];
  const Fake = globalThis.VideoDecoder;
  class Watched extends Fake {
    /** @param {VideoDecoderInit} callbacks */
    constructor(callbacks) {
      super(callbacks);
      opened.push(Object.assign(this, { callbacks }));
    }
  }
  Object.assign(globalThis, { VideoDecoder: Watched });
  const data = Buffer.from(initSegment([1])).toString("base64");
  const init = /** @type {InitEvent} */ ({ channel: "raw", quality: "medium", init_id: 1, codec: "avc1.42c01e", data });
  track = new Track(init, new Counters(), () => -Infinity, (each) => new WebCodecsDecoder(each));
});

afterEach(() => {
  track.close();
  browser.leave();
});

/** @param {number} number @param {boolean} [keyframe] */
function push(number, keyframe = number % GOP === 0) {
  const pts = number * STEP;
  const event = { sequence: number, keyframe, pts, captured_at: 0, cached: false };
  track.push(/** @type {FragmentEvent} */ (/** @type {unknown} */ (event)), fragment(pts, [[1]]));
}

/** The numbers of the frames that came out. */
async function cameOut() {
  await browser.idle();
  return track.frames.map(({ meta }) => meta.pts / STEP);
}

test("frames come out with the pts of their fragments", async () => {
  for (const number of [0, 1, 2]) push(number);
  assert.deepEqual(await cameOut(), [0, 1, 2]);
  assert.equal(track.queued, 0);
});

test("it starts again from the newest keyframe", async () => {
  for (const number of [30, 31, 32]) push(number);
  await cameOut();
  track.dropFrames();
  track.outPts = -Infinity;
  track.restart();
  assert.deepEqual(await cameOut(), [30, 31, 32]);
});

test("a pause keeps the newest GOP, and its end shows it", async () => {
  push(0);
  await cameOut();
  track.setPaused(true);
  for (const number of [30, 31, 32]) push(number);
  assert.deepEqual(await cameOut(), []);
  track.setPaused(false);
  assert.deepEqual(await cameOut(), [32]);
});

test("a decoder that fails is opened anew at the next keyframe", async () => {
  push(0);
  push(1);
  await cameOut();
  opened[0].callbacks.error(new Error("broken"));
  assert.equal(track.counters.decodeErrors, 1);
  push(2);
  assert.deepEqual(await cameOut(), []);
  push(30);
  assert.deepEqual(await cameOut(), [30]);
  assert.equal(opened.length, 2);
  opened[0].callbacks.error(new Error("once more"));
  assert.equal(track.counters.decodeErrors, 1, "it was replaced");
});

test("a decoder that takes nothing for long gets the next keyframe", () => {
  push(0);
  opened[0].decodeQueueSize = 601;
  push(1);
  assert.equal(track.counters.overflowed, 1);
  assert.ok(track.needsKey);
});

test("of a pause longer than what is kept, the next keyframe is waited for", async () => {
  push(0);
  track.setPaused(true);
  for (let number = 1; number <= 600; number += 1) push(number, false);
  assert.ok(track.needsKey);
  track.setPaused(false);
  push(601, false);
  assert.deepEqual(await cameOut(), []);
  push(602, true);
  assert.deepEqual(await cameOut(), [602]);
});

test("catching up forgets what is queued, and decodes from the keyframe that comes", async () => {
  push(0);
  await cameOut();
  track.decoder.skipToKeyframe();
  assert.equal(track.queued, 0);
  push(30);
  assert.deepEqual((await cameOut()).at(-1), 30);
});

test("a closed decoder is not started again", () => {
  push(0);
  track.close();
  assert.equal(opened[0].state, "closed");
  track.restart();
  assert.equal(opened.length, 1);
});

test("WebCodecs comes first, then Media Source, then nothing", async () => {
  assert.equal(await playbackMode(), "webcodecs");
  globalThis.VideoDecoder.isConfigSupported = async (config) => ({ supported: false, config });
  assert.equal(await playbackMode(), null);
  Object.assign(globalThis, { MediaSource: { isTypeSupported: () => true } });
  assert.equal(await playbackMode(), "mse");
  Object.assign(globalThis, { MediaSource: { isTypeSupported: () => false } });
  assert.equal(await playbackMode(), null);
  Reflect.deleteProperty(globalThis, "MediaSource");
});
