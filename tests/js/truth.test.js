/** What the page knows of the ground truth: which chunks it asks for, and what it keeps. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CHUNK_TICKS, TruthFrames } from "../../src/streamlab/web/kit/truth.js";

/** @typedef {import("../../src/streamlab/web/kit/truth.js").TruthRow} TruthRow */

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A scene with one frame in each chunk, at its beginning; notes what it was asked for. */
function scene() {
  /** @type {number[]} */
  const asked = [];
  /** @param {number} fromPts @param {number} toPts */
  const fetchTruth = async (fromPts, toPts) => {
    assert.equal(toPts - fromPts, CHUNK_TICKS);
    asked.push(fromPts / CHUNK_TICKS);
    return [{ pts: fromPts, boxes: [/** @type {TruthRow} */ ([0, 0, 9, 9, "car", fromPts])] }];
  };
  return { asked, fetchTruth };
}

test("a frame is known once its chunk has come", async () => {
  const { asked, fetchTruth } = scene();
  const frames = new TruthFrames(fetchTruth);
  assert.equal(frames.at(0, 0), null);
  await settled();
  assert.equal(frames.at(0, 1)?.[0][4], "car");
  assert.equal(frames.at(1, 2), null, "no frame has this pts");
  assert.deepEqual(asked, [0]);
});

test("the next chunk is asked for ahead, and each only once", async () => {
  const { asked, fetchTruth } = scene();
  const frames = new TruthFrames(fetchTruth);
  for (let pts = 0; pts <= CHUNK_TICKS; pts += 3000) {
    frames.at(pts, 0);
    await settled();
  }
  assert.notEqual(frames.at(CHUNK_TICKS, 0), null);
  assert.deepEqual(asked, [0, 1]);
});

test("what is kept is bounded, also when pts begin anew", async () => {
  const { asked, fetchTruth } = scene();
  const frames = new TruthFrames(fetchTruth);
  for (const chunk of [7, 8, 9, 10, 11, 12, 0, 1, 0]) {
    frames.at(chunk * CHUNK_TICKS, 0);
    await settled();
    assert.ok(frames.size <= 4);
  }
  assert.notEqual(frames.at(0, 0), null);
  assert.deepEqual(asked, [7, 8, 9, 10, 11, 12, 0, 1]);
});

test("after a failure it waits before it asks again", async () => {
  let tries = 0;
  const frames = new TruthFrames(async () => {
    tries += 1;
    throw new Error("gone");
  });
  for (let nowMs = 0; nowMs < 4500; nowMs += 100) {
    frames.at(0, nowMs);
    await settled();
  }
  assert.equal(tries, 3);
});
