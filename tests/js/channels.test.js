/** Any number of channels by name: what is shown, of which frame, and what is said about it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { nextCommon } from "../../src/streamlab/web/player/choose.js";
import { DualPlayer } from "../../src/streamlab/web/player/player.js";
import { channelsOf, parseView, syncOf, viewOf } from "../../src/streamlab/web/player/views.js";
import { FakeBrowser, FakeElement } from "./fake_browser.js";
import { FRAME, FakeCamera } from "./fake_camera.js";

const ANNOTATED = ["annotated", "pose", "plates"];
const CHANNELS = ["raw", ...ANNOTATED];

/** @type {FakeBrowser} */
let browser;
/** @type {DualPlayer[]} */
let opened = [];

beforeEach(() => void (browser = new FakeBrowser()));
afterEach(() => {
  for (const player of opened) player.destroy();
  opened = [];
  browser.leave();
});

/** A player of a camera with these channels, and what it has shown. */
class Watched {
  container = new FakeElement("div");
  /** @type {number[]} */
  numbers = [];
  /** @type {Error[]} */
  refusals = [];
  #next = 0;

  /** @param {string[]} channels @param {string} view */
  constructor(channels, view) {
    this.camera = new FakeCamera(channels);
    this.player = new DualPlayer({
      container: /** @type {any} */ (this.container),
      cameraId: "street",
      transport: this.camera,
      control: this.camera,
      view,
      onShown: ({ pts }) => this.numbers.push(pts / FRAME),
      onRefused: (error) => this.refusals.push(error),
    });
    opened.push(this.player);
  }

  /** Release so many frames, in all channels but these. @param {number} count @param {string[]} without */
  async play(count, without = []) {
    for (let done = 0; done < count; done += 1) {
      this.camera.release(this.#next, without);
      this.#next += 1;
      await browser.animate(33);
    }
  }

  /** Each picture: the channel that its canvas names, and the channel and frame that it shows. */
  get pictures() {
    return this.container.children.flatMap(({ children: [frame] }) => {
      const [canvas] = frame.children;
      const { channel } = canvas.dataset;
      const [index, number] = canvas.shown ?? [-1, -1];
      return channel ? [{ channel, shows: CHANNELS[index], number }] : [];
    });
  }

  get channels() {
    return this.pictures.map(({ channel }) => channel);
  }

  /** Check that each picture shows what it says, all of one frame. */
  check() {
    assert.ok(this.pictures.length);
    for (const { channel, shows, number } of this.pictures) {
      assert.equal(shows, channel === "overlay" ? "raw" : channel);
      assert.equal(number, this.numbers.at(-1));
    }
    const steps = this.numbers.slice(1).map((number, index) => number - this.numbers[index]);
    assert.ok(steps.every((step) => step === 1), `shown: ${this.numbers}`);
  }
}

/** @param {string[]} channels @param {string} view */
async function watch(channels, view) {
  const watched = new Watched(channels, view);
  await watched.player.start();
  return watched;
}

for (const count of [0, 1, 2, 3]) {
  test(`a camera with ${count} annotated channels: every frame once, the same in all`, async () => {
    const channels = CHANNELS.slice(0, count + 1);
    const watched = await watch(channels, channels.join(","));
    await watched.play(12);
    assert.deepEqual(watched.channels, channels);
    watched.check();
    const stats = watched.player.stats();
    assert.equal(watched.numbers.length, 12);
    assert.equal(stats.shown, 12 * channels.length);
    assert.deepEqual([stats.holes, stats.unpaired, stats.decodeErrors], [0, 0, 0]);
    assert.equal(stats.shownDriftMs, count ? 0 : null);
  });
}

test("a switch to any view goes on with the next frame", async () => {
  const watched = await watch(CHANNELS, "raw");
  await watched.play(7);
  for (const [view, shown] of Object.entries({
    pose: ["pose"],
    "plates,raw": ["raw", "plates"],
    "raw,annotated,pose": ["raw", "annotated", "pose"],
    "annotated,raw": ["raw", "annotated"],
    "annotated,pose": ["annotated", "pose"],
    plates: ["plates"],
    raw: ["raw"],
  })) {
    const change = watched.player.setView(view);
    await watched.play(3);
    await change;
    assert.deepEqual(watched.channels, shown);
    assert.equal(watched.player.view, viewOf(shown));
    watched.check();
  }
  assert.equal(watched.player.stats().switches, 6, "one of them only took a picture away");
});

test("a switch that only takes pictures away is not timed by a later one", async () => {
  const watched = await watch(CHANNELS, "raw,annotated,pose");
  await watched.play(3);
  await Promise.all([watched.player.setView("raw"), watched.play(3)]);
  await watched.camera.switch({ channel: "pose" }); // somebody else's
  await watched.play(3);
  assert.deepEqual(watched.channels, ["pose"]);
  assert.equal(watched.player.stats().switches, 0);
});

test("a channel that is too late is left out, and comes back", async () => {
  const watched = await watch(CHANNELS, "raw,annotated,pose");
  await watched.play(6);
  await watched.play(12, ["pose"]);
  assert.deepEqual(watched.channels, ["raw", "annotated"]);
  assert.equal(watched.player.stats().behind, "pose");
  assert.equal(watched.player.stats().shownDriftMs, null);
  await watched.play(12);
  assert.deepEqual(watched.channels, ["raw", "annotated", "pose"]);
  assert.equal(watched.player.stats().behind, null);
});

test("a channel that was not asked for disturbs nobody, and can be shown later", async () => {
  const watched = await watch(CHANNELS, "raw");
  watched.camera.carried.push("pose");
  await watched.play(3);
  assert.deepEqual(watched.channels, ["raw"]);
  watched.player.receive("health", { channel: "pose", encoder: { state: "ok", detail: "" } });
  watched.player.receive("gap", { channel: "pose", from_sequence: null, to_sequence: null });
  await watched.play(3);
  watched.check();
  await Promise.all([watched.player.setView("pose"), watched.play(3)]);
  assert.deepEqual(watched.channels, ["pose"]);
});

test("a gap of unknown length counts once the first fragment shows that something is missing", async () => {
  const watched = await watch(CHANNELS, "raw,pose");
  await watched.play(7);
  const gap = { quality: "medium", from_sequence: null, to_sequence: null, reason: "resume_expired" };
  const reconnect = () => watched.camera.start(watched.camera.send);
  watched.camera.onConnected = (channel) => watched.camera.send("gap", { ...gap, channel });
  reconnect(); // its newest GOP repeats what was received
  await watched.play(4);
  watched.check();
  assert.deepEqual([watched.player.stats().gaps, watched.player.stats().reconnects], [0, 1]);
  watched.camera.carried = [];
  await watched.play(10);
  reconnect();
  await watched.play(4);
  assert.deepEqual([watched.player.stats().gaps, watched.player.stats().holes], [2, 0]);
});

test("a gap of known length counts at once", async () => {
  const watched = await watch(CHANNELS, "raw");
  await watched.play(3);
  watched.player.receive("gap", { channel: "raw", from_sequence: 4, to_sequence: 5, reason: "source" });
  assert.equal(watched.player.stats().gaps, 1);
});

test("a channel that the camera does not have is refused, and the view stays", async () => {
  const watched = await watch(["raw", "annotated"], "both");
  await watched.play(3);
  await assert.rejects(watched.player.setView("pose"), /no channel 'pose'/);
  await watched.play(3);
  assert.deepEqual(watched.channels, ["raw", "annotated"]);
  watched.check();
});

test("boxes over the raw picture are those of the annotated channel", async () => {
  const watched = await watch(CHANNELS, "overlay");
  const box = [1, 2, 9, 8, "car", 0.9, null];
  await watched.play(1);
  const [canvas, layer] = watched.container.children[0].children[0].children;
  assert.equal(canvas.dataset.channel, "overlay");
  for (const [number, channel, boxes] of /** @type {[number, string | undefined, number][]} */ ([
    [1, "pose", 0],
    [2, "annotated", 1],
    [3, undefined, 1],
  ])) {
    const pts = number * FRAME;
    watched.player.receive("detections", { channel, pts, detections_pts: pts, detections: [box] });
    await watched.play(1);
    assert.equal(layer.boxes, boxes, `${channel}`);
    assert.equal(watched.player.frame().boxes.annotated.length, boxes);
  }
});

test("figures are those of the channel that is shown, of several those of the worst", async () => {
  const watched = await watch(CHANNELS, "pose");
  const channels = {
    annotated: { drift_ms: 80, fresh_fraction: 0.1, state: "degraded" },
    pose: { drift_ms: 3, fresh_fraction: 0.9, state: "synchronized" },
  };
  const worst = { drift_ms: 80, fresh_fraction: 0.1, state: "degraded", sync_tolerance_ms: 50 };
  watched.player.receive("sync", { ...worst, channels });
  await watched.play(2);
  const figures = () => {
    const { serverDriftMs, freshFraction, syncState } = watched.player.stats();
    return [serverDriftMs, freshFraction, syncState];
  };
  assert.deepEqual(figures(), [3, 0.9, "synchronized"]);
  await Promise.all([watched.player.setView("raw,annotated,pose"), watched.play(3)]);
  assert.deepEqual(figures(), [80, 0.1, "degraded"]);
  watched.player.receive("sync", worst); // a server with one annotated channel
  await Promise.all([watched.player.setView("pose"), watched.play(3)]);
  assert.deepEqual(figures(), [80, 0.1, "degraded"]);
  assert.equal(syncOf(null, "both"), null);
});

// --- names

test("a view has one name, raw first", () => {
  for (const [view, channels, name] of /** @type {[string, string[], string][]} */ ([
    ["raw", ["raw"], "raw"],
    ["both", ["raw", "annotated"], "both"],
    ["annotated,raw", ["raw", "annotated"], "both"],
    ["pose,raw,pose", ["raw", "pose"], "raw,pose"],
    ["pose,annotated", ["pose", "annotated"], "pose,annotated"],
    ["overlay", ["raw"], "raw"],
  ])) {
    assert.deepEqual(channelsOf(view), channels);
    assert.equal(viewOf(channelsOf(view)), name);
    assert.equal(parseView(view), view === "overlay" ? view : name);
  }
  for (const text of [null, "", ",", "raw,", "Raw", "raw annotated", "<b>"])
    assert.equal(parseView(text), null, `${text}`);
});

test("the next frame of three channels is one that all have", () => {
  const next = nextCommon([[1, 2, 3], [2, 3], [3, 4]], 0, 4);
  assert.equal(next, 3);
  assert.equal(nextCommon([[1], [2], [1, 2]], 0, 2), null);
});
