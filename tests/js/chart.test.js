/** The drift chart: its scale, gaps, outliers, and what it says in words. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { DriftChart } from "../../src/streamlab/web/kit/chart.js";
import {
  chartSpanS,
  edgesOf,
  levelsOf,
  outliersOf,
  piecesOf,
} from "../../src/streamlab/web/kit/chart_scale.js";
import { FakePage } from "./fake_dom.js";

/** @type {FakePage} */
let page;

beforeEach(() => {
  page = new FakePage();
});

afterEach(() => page.leave());

/** @param {number} count @param {(index: number) => number | null} value */
const values = (count, value) => Array.from({ length: count }, (_, index) => value(index));

/** @param {number} count @param {number} [fromS] at 10 a second */
const times = (count, fromS = 0) => Array.from({ length: count }, (_, index) => fromS + index / 10);

/** @param {{seconds?: number, labelled?: boolean}} [options] */
function shown({ seconds = 20, labelled = false } = {}) {
  const box = page.box();
  const chart = new DriftChart(box, { seconds, labelled });
  /** @param {string} name @returns {any} */
  const part = (name) => box.querySelector(`.${name}`);
  return { box, chart, part };
}

test("the chart has room for the band and for every point", () => {
  assert.deepEqual(edgesOf([], 50), { above: 75, below: 75 });
  assert.deepEqual(edgesOf([0, -120], 50), { above: 75, below: 150 });
  assert.deepEqual(edgesOf([3000], 1), { above: 5000, below: 1.5 });
  for (const most of [0.5, 7, 33, 99, 101, 740, 4000]) {
    const { above, below } = edgesOf([most, -most / 2], 10);
    assert.ok(above >= most && above <= Math.max(25, 2 * most * 1.05), `${most}: ${above}`);
    assert.ok(below >= most / 2 && below <= above);
  }
});

test("a few outliers do not ruin the scale, and many are no outliers", () => {
  const spike = values(200, (index) => (index === 70 ? 1000 : 5));
  assert.equal(edgesOf(spike, 50).above, 75);
  const often = values(200, (index) => (index % 10 ? 5 : 400));
  assert.equal(edgesOf(often, 50).above, 500);
  assert.equal(edgesOf(values(200, () => null), 50).above, 75);
});

test("the axis is as long as the data, and at most what was asked for", () => {
  assert.equal(chartSpanS([], 30), 1);
  assert.equal(chartSpanS([100], 30), 1);
  assert.equal(chartSpanS([100, 103], 30), 3);
  assert.equal(chartSpanS([100, 190], 30), 30);
});

test("the line breaks where nothing was measured, however slow the camera is", () => {
  const lengths = (/** @type {number[]} */ timesS, /** @type {(number | null)[]} */ drifts) =>
    piecesOf(timesS, drifts).map((piece) => piece.length);
  assert.deepEqual(lengths([0, 0.1, 0.2, 4, 4.1], [1, 1, 1, 1, 1]), [3, 2]);
  assert.deepEqual(lengths([0, 0.1, 0.2, 0.3], [1, null, 1, 1]), [1, 2]);
  assert.deepEqual(lengths([0, 2, 4, 6, 8], [1, 1, 1, 1, 1]), [5], "a frame every 2 s");
});

test("of outliers close to each other the greatest is named", () => {
  const points = [90, -200, 10, 300].map((value, timeS) => ({ timeS, value }));
  assert.deepEqual(
    outliersOf(points, { above: 80, below: 100 }, 2).map(({ value }) => value),
    [-200, 300],
  );
});

test("the axis names only levels that have room", () => {
  assert.deepEqual(levelsOf({ above: 75, below: 75 }, 50, 10), [75, 50, 0, -50, -75]);
  assert.deepEqual(levelsOf({ above: 500, below: 15 }, 10, 50), [500, 0]);
});

test("three seconds of data fill the chart, and gaps stay empty", () => {
  const { chart, part } = shown();
  chart.add([...times(10), ...times(10, 2)], values(20, () => 0), 50);
  assert.ok(page.animate());
  const path = part("line").attributes.d;
  assert.match(path, /^M0\.0 50\.0h0L/, "the oldest point stands at the left edge");
  assert.match(path, /L300\.0 50\.0$/);
  assert.equal(path.match(/M/g).length, 2);
  assert.equal(part("over").attributes.d, "");
});

test("an outlier stands at the edge, with its value", () => {
  const { chart, part } = shown();
  chart.add(times(100), values(100, (index) => (index === 50 ? 900 : 5)), 50);
  page.animate();
  assert.equal(part("marks").textContent, "↑ 900 ms");
  assert.match(part("over").attributes.d, /^M151\.5 0\.0h0$/);
  chart.add(times(100, 10), values(100, (index) => (index === 99 ? -800 : 5)), 50);
  page.animate();
  assert.equal(part("marks").textContent, "↑ 900 ms↓ -800 ms");
  assert.equal(part("marks").children[1].attributes["text-anchor"], "end", "it stays inside");
});

test("what it shows is said in words", () => {
  const { chart, part } = shown();
  page.animate();
  assert.equal(chart.summary, "Drift: nothing was measured yet.");
  chart.add(times(31), values(31, (index) => (index < 2 ? -80 : 4)), 50);
  page.animate();
  assert.equal(part("streamlab-chart").attributes.role, "img");
  assert.equal(
    part("streamlab-chart").querySelector("title").textContent,
    "Drift of the last 3 s: median 4.0 ms, at most 80 ms, 2 of 31 beyond 50 ms.",
  );
});

test("only the newest seconds are kept, and another timeline starts anew", () => {
  const { chart } = shown({ seconds: 5 });
  chart.add(times(100), values(100, (index) => index), 50);
  assert.equal(chart.driftsMs.length, 51);
  chart.add(times(3), [1, null, 3], 50);
  assert.deepEqual(chart.driftsMs, [1, 3]);
  chart.clear();
  assert.deepEqual(chart.driftsMs, []);
});

test("axes name the tolerance, the edge and how far back it goes", () => {
  const { chart, part } = shown({ seconds: 30, labelled: true });
  chart.add(times(121), values(121, () => 3), 50);
  page.animate();
  const labels = part("labels").children.map((/** @type {any} */ each) => each.textContent);
  assert.deepEqual(labels, ["50 ms", "0 ms", "-50 ms", "12 s ago", "now"]);
});

test("with reduced motion it moves on once a second", () => {
  page.calm.matches = true;
  const { chart } = shown();
  let drawn = 0;
  for (let tick = 0; tick < 20; tick += 1) {
    chart.add(times(2, tick / 5), [1, 1], 50);
    drawn += Number(page.animate(200));
  }
  assert.ok(drawn >= 4 && drawn <= 5, `${drawn} times in 4 s`);
  chart.add(times(1, 10), [1], 50);
  assert.ok(page.animate(1000), "the last points are drawn as well");
});

test("a chart without room draws nothing, and a closed one is gone", () => {
  const { box, chart, part } = shown();
  part("streamlab-chart").size = { width: 0, height: 0 };
  chart.add(times(3), [1, 2, 3], 50);
  page.animate();
  assert.equal(part("line").attributes.d, undefined);
  chart.add(times(1, 1), [1], 50);
  chart.close();
  assert.equal(page.animate(), false);
  assert.equal(box.children.length, 0);
});
