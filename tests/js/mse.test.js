/** Media Source: what is appended, where it plays, and which frames come out of it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { MseDecoder } from "../../src/streamlab/web/player/mse.js";
import { Counters } from "../../src/streamlab/web/player/meter.js";
import { Track } from "../../src/streamlab/web/player/track.js";
import { FakeBrowser } from "./fake_browser.js";
import { FakeMediaSource, FakeVideo, FakeVideoFrame } from "./fake_video.js";
import { fragment, initSegment } from "./media.js";

/** @typedef {import("../../src/streamlab/web/player/events.js").FragmentEvent} FragmentEvent */
/** @typedef {import("../../src/streamlab/web/player/events.js").InitEvent} InitEvent */

const STEP = 3000;
const SECOND = 90_000;
const GOP = 30;
const init = /** @type {InitEvent} */ ({ channel: "raw", quality: "medium", init_id: 1, codec: "avc1.42c01e" });

/** @type {FakeBrowser} */
let browser;
/** @type {FakeMediaSource} */
let source;
/** @type {FakeVideo} */
let video;
/** @type {Track} */
let track;
let shownPts = -Infinity;

beforeEach(() => {
  browser = new FakeBrowser();
  source = new FakeMediaSource();
  mock.method(URL, "createObjectURL", () => "blob:video");
  mock.method(URL, "revokeObjectURL", () => {});
  mock.method(console, "warn", () => {});
  const { createElement } = document;
  Object.assign(document, {
    /** @param {string} name */
    createElement: (name) => (name === "video" ? (video = new FakeVideo(source)) : createElement(name)),
  });
  Object.assign(globalThis, { MediaSource: function MediaSource() { return source; }, VideoFrame: FakeVideoFrame }); // prettier-ignore
  Object.assign(FakeVideoFrame, { isWrong: false, open: 0 });
  shownPts = -Infinity;
  const data = Buffer.from(initSegment([1])).toString("base64");
  track = new Track({ ...init, data }, new Counters(), () => shownPts, (each) => new MseDecoder(each));
});

afterEach(() => {
  track.close();
  for (const name of ["MediaSource", "VideoFrame"]) Reflect.deleteProperty(globalThis, name);
  browser.leave();
});

/** @param {number} number */
function push(number) {
  const pts = number * STEP;
  const event = { sequence: number, keyframe: number % GOP === 0, pts, captured_at: 0, cached: false };
  track.push(/** @type {FragmentEvent} */ (/** @type {unknown} */ (event)), fragment(pts, [[1]]));
}

/** Append frames 0 to `count`, which are then buffered. @param {number} count */
function play(count) {
  source.open();
  for (let number = 0; number < count; number += 1) push(number);
  const { buffer } = source;
  while (buffer.updating) buffer.finish([0, (count * STEP) / SECOND]);
}

/** The pts of the frames that came out. */
const cameOut = () => track.frames.map(({ meta }) => meta.pts);

test("fragments wait for the source, and are appended together while it is busy", () => {
  push(0);
  assert.deepEqual(source.buffer.calls, []);
  source.open();
  assert.equal(source.type, 'video/mp4; codecs="avc1.42c01e"');
  assert.equal(source.buffer.calls.length, 1);
  push(1);
  push(2);
  assert.equal(source.buffer.calls.length, 1);
  source.buffer.finish([0, 0.03]);
  const size = fragment(0, [[1]]).length;
  assert.equal(source.buffer.calls.at(-1), `append ${2 * size}`);
});

test("it seeks to the first frame that is due and waits there until it is drawn", () => {
  play(3);
  assert.equal(track.heldPts, 0);
  assert.ok(video.paused);
  assert.ok(Math.abs(video.currentTime) < 0.02);
  video.present(0);
  assert.deepEqual(cameOut(), [0]);
  track.take(0);
  assert.equal(track.heldPts, Infinity);
  assert.ok(!video.paused);
});

test("far from the live edge it goes there and plays", () => {
  play(60);
  assert.ok(Math.abs(2 - video.currentTime - 0.15) < 0.01);
  assert.equal(track.heldPts, Infinity);
  assert.ok(!video.paused);
});

test("the rate keeps it behind the live edge by 150 ms", () => {
  play(60);
  for (const [lagS, isRight] of /** @type {[number, (rate: number) => boolean][]} */ ([
    [0.16, (rate) => rate === 1],
    [0.4, (rate) => rate > 1],
    [0.05, (rate) => rate < 1],
  ])) {
    video.currentTime = 2 - lagS;
    source.buffer.finish([0, 2]);
    assert.ok(isRight(video.playbackRate), `${lagS} s behind: ${video.playbackRate}`);
  }
});

test("far behind it jumps", () => {
  play(60);
  video.currentTime = 1;
  source.buffer.finish([0, 2]);
  assert.equal(track.counters.jumps, 1);
  assert.ok(video.currentTime > 1.8);
});

test("what was played long ago is removed", () => {
  play(60);
  video.currentTime = 19.85;
  source.buffer.finish([0, 20]);
  assert.match(source.buffer.calls.at(-1) ?? "", /^remove 0 to 15\.85/);
});

test("when it takes nothing for long, it waits for the next keyframe", () => {
  for (let number = 0; number < 600; number += 1) push(number);
  assert.equal(track.counters.overflowed, 1);
  assert.ok(track.needsKey);
});

test("a video that fails or may not play is counted", async () => {
  video.isAllowed = false;
  play(60);
  await browser.idle();
  video.dispatchEvent(new Event("error"));
  assert.equal(track.counters.decodeErrors, 2);
});

test("a closed track plays nothing more", () => {
  play(3);
  track.close();
  assert.ok(video.paused);
  assert.equal(video.src, "");
  video.dispatchEvent(new Event("error"));
  video.present(STEP);
  assert.equal(track.counters.decodeErrors, 0);
  assert.equal(FakeVideoFrame.open, 0);
});

test("an announcement that comes late gives the newer picture, and none twice", () => {
  play(60);
  video.present(55 * STEP);
  video.pictureUs = (58 * 1_000_000) / 30;
  video.announce(56 * STEP);
  video.announce(57 * STEP);
  assert.deepEqual(cameOut(), [55 * STEP, 58 * STEP]);
  assert.equal(FakeVideoFrame.open, 2);
});

test("a picture that nothing announced is found in the next animation frame", () => {
  play(60);
  track.look();
  assert.deepEqual(cameOut(), []);
  video.present(55 * STEP);
  video.pictureUs = (56 * 1_000_000) / 30;
  track.look();
  assert.deepEqual(cameOut(), [55 * STEP, 56 * STEP]);
});

test("the time that Firefox says of a picture is not believed", () => {
  FakeVideoFrame.isWrong = true;
  play(60);
  video.present(55 * STEP);
  track.look();
  video.present(56 * STEP);
  assert.deepEqual(cameOut(), [55 * STEP, 56 * STEP]);
  assert.equal(FakeVideoFrame.open, 2);
});

test("without a picture, nothing comes out", () => {
  play(60);
  video.announce(55 * STEP);
  assert.deepEqual(cameOut(), []);
});

test("without VideoFrame each picture is copied to a canvas, which is used again", () => {
  Reflect.deleteProperty(globalThis, "VideoFrame");
  play(60);
  video.present(55 * STEP);
  const [first] = track.frames;
  track.dropFrames();
  video.present(56 * STEP);
  assert.equal(track.frames[0].image, first.image);
  assert.equal(first.width, 64);
});

test("without frame callbacks the clock of the video tells the frame", async () => {
  track.close();
  Reflect.deleteProperty(globalThis, "VideoFrame");
  const { requestVideoFrameCallback } = FakeVideo.prototype;
  Reflect.deleteProperty(FakeVideo.prototype, "requestVideoFrameCallback");
  try {
    track = new Track(track.init, new Counters(), () => shownPts, (each) => new MseDecoder(each));
    play(60);
    video.currentTime = 57.5 / 30;
    await browser.animate();
    assert.deepEqual(cameOut(), [57 * STEP]);
  } finally {
    Object.assign(FakeVideo.prototype, { requestVideoFrameCallback });
  }
});
