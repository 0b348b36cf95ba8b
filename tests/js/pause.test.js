/** A picture that stands still, is stepped from frame to frame, and goes on where the camera is. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { MAX_HELD, MAX_HELD_BYTES, Pause } from "../../src/streamlab/web/player/pause.js";
import { DualPlayer } from "../../src/streamlab/web/player/player.js";
import { FakeBrowser, FakeElement } from "./fake_browser.js";
import { FRAME, FakeCamera } from "./fake_camera.js";

/** @type {FakeBrowser} */
let browser;
/** @type {DualPlayer} */
let player;
/** @type {FakeCamera} */
let camera;
/** @type {number[]} the frames that were shown */
let shown = [];
let next = 0;

beforeEach(() => {
  browser = new FakeBrowser();
  [shown, next] = [[], 0];
});
afterEach(() => {
  player.destroy();
  browser.leave();
});

/** @param {string} view */
async function watch(view) {
  camera = new FakeCamera(["raw", "annotated"]);
  player = new DualPlayer({
    container: /** @type {any} */ (new FakeElement("div")),
    cameraId: "street",
    transport: camera,
    control: camera,
    view,
    onShown: ({ pts }) => shown.push(pts / FRAME),
  });
  await player.start();
  await play(7);
}

/** @param {number} count of frames that the camera releases */
async function play(count) {
  for (let done = 0; done < count; done += 1, next += 1) {
    camera.release(next);
    await browser.animate(33);
  }
}

/** A screen is faster than a camera, so what waits to be drawn becomes less. */
async function catchUp() {
  for (let frames = 0; frames < 6; frames += 1) await browser.animate();
}

async function step() {
  player.step();
  await browser.animate();
  await browser.animate();
}

for (const view of ["raw", "both", "overlay"]) {
  test(`${view}: a paused picture stands still, and each step shows the next frame`, async () => {
    await watch(view);
    player.pause();
    const last = shown.at(-1) ?? NaN;
    await play(12);
    assert.equal(shown.at(-1), last);
    assert.equal(player.stats().isPaused, true);
    for (let steps = 1; steps <= 8; steps += 1) {
      await step();
      assert.equal(shown.at(-1), last + steps);
      await play(1);
      assert.equal(shown.at(-1), last + steps);
    }
  });

  test(`${view}: it goes on where the camera is`, async () => {
    await watch(view);
    player.pause();
    await play(31);
    await step();
    const before = shown.length;
    player.resume();
    await play(4);
    const [first, ...rest] = shown.slice(before);
    assert.ok(first >= 36, "what was missed is not played");
    assert.deepEqual(rest, rest.map((_, index) => first + 1 + index));
    const { holes, gaps, isPaused } = player.stats();
    assert.deepEqual([holes, gaps, isPaused], [0, 0, false]);
  });
}

test("a step at the live edge waits for the next frame", async () => {
  await watch("raw");
  player.pause();
  const last = shown.at(-1) ?? NaN;
  await step();
  assert.equal(shown.at(-1), last);
  await play(3);
  assert.equal(shown.at(-1), last + 1);
});

test("of a long pause the first frames and the newest GOP are kept", async () => {
  await watch("raw");
  player.pause();
  const last = shown.at(-1) ?? NaN;
  await play(MAX_HELD + 40);
  await step();
  assert.equal(shown.at(-1), last + 1);
  player.resume();
  await play(1);
  await catchUp();
  assert.deepEqual(shown.slice(-2), [next - 2, next - 1]);
});

test("what waits is bounded in bytes, too", () => {
  /** @type {number[]} */
  const given = [];
  const stage = /** @type {any} */ ({ isStarved: true, tracks: [] });
  const pause = new Pause(stage, (_, { sequence }) => given.push(sequence));
  pause.start();
  const data = new ArrayBuffer(MAX_HELD_BYTES / 2);
  for (let sequence = 0; sequence < 5; sequence += 1)
    assert.ok(pause.holds("fragment", { channel: "raw", sequence, data, keyframe: true }));
  pause.step();
  assert.deepEqual(given, [0, 1]);
  pause.end();
  assert.deepEqual(given, [0, 1, 4]);
});

test("times are measured on what is live only", async () => {
  await watch("raw");
  player.pause();
  const before = player.stats().latencyP95Ms;
  await play(60);
  await step();
  assert.equal(player.stats().latencyP95Ms, before);
});

test("another view ends the pause", async () => {
  await watch("raw");
  player.pause();
  await play(3);
  await player.setView("annotated");
  await play(6);
  await catchUp();
  assert.equal(player.isPaused, false);
  assert.equal(shown.at(-1), next - 1);
});

test("a new connection goes on from its own first frame", async () => {
  await watch("raw");
  player.pause();
  await play(8);
  camera.start(camera.send);
  await play(2);
  const before = shown.length;
  await step();
  assert.equal(shown.length, before + 1);
  player.resume();
  await play(2);
  await catchUp();
  assert.equal(shown.at(-1), next - 1);
});
