/** A player from its start to its end: other qualities, refusals, sources that stop, hidden tabs. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { DualPlayer, ProblemError } from "../../src/streamlab/web/player/index.js";
import { FakeBrowser, FakeElement } from "./fake_browser.js";
import { FRAME, FakeCamera } from "./fake_camera.js";

/** @typedef {import("../../src/streamlab/web/player/events.js").PlayerState} PlayerState */
/** @typedef {import("../../src/streamlab/web/player/events.js").Quality} Quality */

/** @type {FakeBrowser} */
let browser;
/** @type {FakeCamera} */
let camera;
/** @type {DualPlayer} */
let player;
/** @type {PlayerState[]} */
let states = [];
/** @type {[string, string][]} the views that the player went to, and why */
let views = [];
/** @type {() => void} tells the player that its tab was hidden or shown */
let onVisibility = () => {};
let next = 0;

beforeEach(() => {
  browser = new FakeBrowser();
  Object.assign(document, {
    /** @param {string} _name @param {() => void} callback */
    addEventListener: (_name, callback) => (onVisibility = callback),
  });
  [states, views, next] = [[], [], 0];
});

afterEach(() => {
  player.destroy();
  browser.leave();
});

/** @param {string} view */
async function open(view) {
  camera = new FakeCamera(["raw", "annotated"]);
  player = new DualPlayer({
    container: /** @type {any} */ (new FakeElement("div")),
    cameraId: "street",
    transport: camera,
    control: camera,
    view,
    onState: (state) => states.push(state),
    onView: (shown, reason) => views.push([shown, reason]),
    onRefused: () => {},
  });
  await player.start();
}

/** Release so many frames. @param {number} count @param {number} [step] ms between them */
async function play(count, step = 33) {
  for (let done = 0; done < count; done += 1) {
    camera.release(next);
    next += 1;
    await browser.animate(step);
  }
}

test("a browser that can decode nothing is told so", async () => {
  Reflect.deleteProperty(globalThis, "VideoDecoder");
  await open("raw");
  assert.match(states[0].detail, /neither with WebCodecs nor with Media Source/);
  assert.equal(states[0].state, "failed");
});

test("raw and annotated take turns", async () => {
  await open("raw");
  await play(3);
  await Promise.all([player.switch(), play(3)]);
  assert.equal(player.view, "annotated");
  await Promise.all([player.switch(), play(3)]);
  assert.equal(player.view, "raw");
  assert.equal(player.stats().switches, 2);
});

test("the picture that is shown can be saved, with its boxes", async () => {
  await open("both");
  assert.equal(player.frame().pts, null);
  await play(3);
  const { pts, pictures, boxes } = player.frame();
  assert.equal(pts, 2 * FRAME);
  assert.deepEqual(pictures.map(({ channel }) => channel), ["raw", "annotated"]);
  assert.deepEqual(boxes, { annotated: [] });
});

test("another quality is asked for once, and kept only if it is given", async () => {
  await open("annotated");
  await play(2);
  /** @type {(Quality | undefined)[]} */
  const asked = [];
  camera.switch = async (request) => void asked.push(/** @type {any} */ (request).quality);
  await player.setQuality("low");
  await player.setQuality("low");
  assert.deepEqual([asked, player.quality], [["low"], "low"]);
  camera.switch = async () => {
    throw new ProblemError(503, { detail: "there is no encoder for it" });
  };
  await assert.rejects(player.setQuality("high"), /no encoder/);
  assert.equal(player.quality, "low");
});

test("a switch is asked for again while the channel has no keyframe, but not for ever", async () => {
  await open("raw");
  await play(2);
  const given = camera.switch.bind(camera);
  let refusals = 0;
  camera.switch = async (request) => {
    refusals += 1;
    if (refusals <= 2) throw new ProblemError(504, { detail: "no keyframe yet" });
    return given(request);
  };
  await Promise.all([player.setView("annotated"), play(12, 200)]);
  assert.deepEqual([refusals, player.view], [3, "annotated"]);
  camera.switch = async () => {
    throw new ProblemError(504, { detail: "no keyframe yet" });
  };
  await Promise.all([assert.rejects(player.setView("raw"), /No keyframe/), play(40, 500)]);
  assert.equal(player.view, "annotated");
});

test("boxes are asked for with the overlay, and given up after it", async () => {
  await open("raw");
  await play(2);
  /** @type {string[]} */
  const asked = [];
  camera.subscribe = async () => void asked.push("subscribe");
  camera.unsubscribe = async () => void asked.push("unsubscribe");
  await Promise.all([player.setView("overlay"), play(3)]);
  assert.deepEqual([asked, player.view], [["subscribe"], "overlay"]);
  await Promise.all([player.setView("raw"), play(3)]);
  assert.deepEqual([asked, player.view], [["subscribe", "unsubscribe"], "raw"]);
});

test("a server that sends less than was asked for says why", async () => {
  await open("both");
  await play(3);
  await camera.switch({ channel: "raw" });
  player.receive("switched", { channel: "raw", previous_channel: "both", reason: "degraded" });
  await play(3);
  assert.deepEqual(views.at(-1), ["raw", "degraded"]);
});

test("what is said of the source is the state until pictures come again", async () => {
  await open("raw");
  await play(2);
  assert.equal(states.at(-1)?.state, "live");
  player.receive("source", { state: "reconnecting", detail: "no route to host" });
  assert.equal(states.at(-1)?.state, "reconnecting");
  assert.match(states.at(-1)?.detail ?? "", /no route to host/i);
  const said = states.length;
  player.receive("source", { state: "of a later version", detail: "" });
  assert.equal(states.length, said);
  player.receive("source", { state: "live", detail: null });
  await play(2);
  assert.equal(states.at(-1)?.state, "live");
});

test("the end is told once, with the better reason", async () => {
  await open("raw");
  await play(2);
  player.receive("source", { state: "ended", detail: "the file is over" });
  const said = states.length;
  player.receive("end", { reason: "source_ended" });
  assert.equal(states.length, said);
  player.receive("end", { reason: "camera_removed" });
  assert.match(states.at(-1)?.detail ?? "", /removed/);
});

test("a camera that was started again begins a new timeline", async () => {
  await open("raw");
  await play(8);
  next = 0;
  await play(6);
  assert.equal(player.stats().shownPts, 5 * FRAME);
});

test("a hidden tab decodes nothing, and comes back with the newest GOP", async () => {
  await open("raw");
  await play(6);
  Object.assign(document, { hidden: true });
  onVisibility();
  const before = player.stats().shown;
  await play(20);
  assert.equal(player.stats().shown, before);
  Object.assign(document, { hidden: false });
  onVisibility();
  await play(3);
  assert.ok((player.stats().shownPts ?? 0) >= 27 * FRAME);
  assert.ok(player.stats().shown < before + 20);
});

test("a player that was destroyed hears nothing", async () => {
  await open("raw");
  await play(2);
  player.destroy();
  const said = states.length;
  player.receive("source", { state: "ended", detail: "" });
  mock.timers.tick(5000);
  assert.equal(states.length, said);
});
