/** The figures under a picture: what they say, and that they say nothing of a dead one. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Figures } from "../../src/streamlab/web/kit/figures.js";
import { FakePage } from "./fake_dom.js";

const STATS = /** @type {import("../../src/streamlab/web/player/options.js").PlayerStats} */ ({
  state: "live",
  isPaused: false,
  view: "both",
  latencyP50Ms: 31.4,
  latencyP95Ms: null,
  shownDriftMs: null,
  serverDriftMs: 4,
  behind: null,
  freshFraction: 0.934,
  freshnessDetail: "",
  syncState: "synchronized",
  syncToleranceMs: 50,
  fps: 29.96,
  bitrate: 1_500_000,
  switches: 0,
  switchLastMs: null,
  switchP95Ms: null,
  skipped: 0,
  overflowed: 0,
  gaps: 0,
});
/** @type {FakePage} */
let page;

beforeEach(() => {
  page = new FakePage();
});

afterEach(() => page.leave());

/** @param {Figures} figures @param {string} name @returns {any} */
const cell = (figures, name) => figures.element.querySelector(`[data-figure=${name}]`);

/** @param {Figures} figures @param {string} name @returns {[string, string, boolean]} */
function said(figures, name) {
  const [value, more] = cell(figures, name).querySelectorAll("dd");
  return [value.textContent, more.textContent, value.className === "is-over"];
}

/** @param {Partial<typeof STATS>} [stats] */
function shown(stats = {}) {
  const figures = new Figures();
  figures.show({ ...STATS, ...stats }, "medium");
  return figures;
}

test("every figure has a value, and says what it is, over which span and what is good", () => {
  const figures = shown();
  assert.deepEqual(said(figures, "latency"), ["31 ms", "capture to shown", false]);
  assert.deepEqual(said(figures, "drift"), ["4.0 ms", "on the server · tolerance 50 ms", false]);
  assert.deepEqual(said(figures, "fps"), ["30.0 fps", "none skipped", false]);
  assert.deepEqual(said(figures, "bitrate"), ["1.50 Mbit/s", "medium quality", false]);
  assert.deepEqual(said(figures, "fresh"), ["93 %", "of the last 5 s", false]);
  assert.deepEqual(said(figures, "switch"), ["–", "until shown", false]);
  for (const name of ["latency", "drift", "fps", "bitrate", "fresh", "switch"]) {
    const figure = cell(figures, name);
    assert.equal(figure.tabIndex, 0, "its sentence is read by keyboard and touch");
    assert.match(figure.querySelector(".sl-about").textContent, /\.$/);
  }
});

test("a figure that is not good is marked, and says why", () => {
  const figures = shown({
    latencyP95Ms: 80,
    shownDriftMs: -70,
    syncState: "degraded",
    skipped: 3,
    gaps: 1,
    freshFraction: 0.4,
    freshnessDetail: "The detector needs 90 ms a frame.",
    switches: 2,
    switchLastMs: 60,
    switchP95Ms: 75,
  });
  assert.deepEqual(said(figures, "latency")[1], "p95 80 ms");
  const drift = "shown, server 4.0 ms, degraded · tolerance 50 ms";
  assert.deepEqual(said(figures, "drift"), ["-70 ms", drift, true]);
  assert.deepEqual(said(figures, "fps")[1], "4 skipped");
  assert.deepEqual(said(figures, "fresh"), ["40 %", "The detector needs 90 ms a frame.", true]);
  const about = cell(figures, "fresh").querySelector(".sl-about").textContent;
  assert.match(about, /^The detector needs 90 ms a frame\. Frames that show/);
  assert.deepEqual(said(figures, "switch"), ["60 ms", "p95 75 ms", false]);
  figures.show(STATS, "medium");
  assert.equal(said(figures, "drift")[2], false);
});

test("a channel that is behind is named instead of a drift", () => {
  const [value, more] = said(shown({ behind: "annotated" }), "drift");
  assert.deepEqual([value, more], ["–", "annotated is behind · tolerance 50 ms"]);
});

test("raw has no boxes that could be fresh", () => {
  assert.deepEqual(said(shown({ view: "raw" }), "fresh"), ["–", "raw has no boxes", false]);
  assert.deepEqual(said(shown({ freshFraction: null }), "fresh")[0], "–");
});

test("there is no figure over a dead picture or a paused one, but the reason", () => {
  const figures = shown({ skipped: 3 });
  for (const [stats, why] of /** @type {const} */ ([
    [{ state: "stalled" }, "camera stalled"],
    [{ isPaused: true }, "paused"],
  ])) {
    figures.show({ ...STATS, ...stats }, "medium");
    for (const name of ["latency", "drift", "fps", "bitrate", "fresh", "switch"])
      assert.deepEqual(said(figures, name), ["–", why, false]);
  }
});

test("the chart has a point per second, and a gap while there is no picture", () => {
  const figures = shown();
  for (const state of /** @type {const} */ (["live", "live", "retrying", "live", "live"])) {
    page.animate(1000);
    figures.show({ ...STATS, state }, "medium");
  }
  page.animate();
  const line = figures.element.querySelector(".line");
  assert.equal(line?.getAttribute("d")?.match(/M/g)?.length, 2);
});

test("where there are frames, the chart shows theirs", () => {
  const figures = new Figures({ chartS: 20 });
  figures.addFrames([1, 1.1, 1.2], [3, 4, 90], 50);
  figures.show(STATS, "medium");
  page.animate();
  const title = figures.element.querySelector("title");
  assert.match(title?.textContent ?? "", /1 of 3 beyond 50 ms/);
  figures.close();
  assert.equal(page.animate(), false);
});
