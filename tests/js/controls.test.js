/** The controls and the message of a tile, in a document that nobody sees. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { PlaybackButtons, ViewButtons, qualitySelect } from "../../src/streamlab/web/kit/controls.js";
import { TileMessage } from "../../src/streamlab/web/kit/tile_message.js";
import { FakePage } from "./fake_dom.js";

/** @type {FakePage} */
let page;

beforeEach(() => void (page = new FakePage()));
afterEach(() => page.leave());

/** @param {ViewButtons} views @returns {[string, string][]} word and action of each button */
const buttonsOf = (views) =>
  [...views.element.children].map((each) => [
    each.textContent ?? "",
    /** @type {HTMLElement} */ (each).dataset.action ?? "",
  ]);

/** @param {ViewButtons} views */
const pressedOf = (views) =>
  [...views.element.children]
    .filter((each) => each.getAttribute("aria-pressed") === "true")
    .map((each) => each.textContent);

test("a camera with one annotated channel has four views", () => {
  const views = new ViewButtons();
  views.offer(["raw", "annotated"]);
  views.show("both");
  assert.deepEqual(buttonsOf(views).map(([word]) => word), ["Raw", "Annotated", "Both", "Overlay"]);
  assert.deepEqual(pressedOf(views), ["Both"]);
});

test("further channels can be chosen, each alone and all together", () => {
  const views = new ViewButtons();
  views.show("pose");
  for (let times = 0; times < 2; times += 1) views.offer(["raw", "annotated", "pose", "plates"]);
  assert.deepEqual(buttonsOf(views).slice(4), [
    ["Pose", "view-pose"],
    ["Plates", "view-plates"],
    ["All", "view-raw,annotated,pose,plates"],
  ]);
  assert.deepEqual(pressedOf(views), ["Pose"]);
  views.offer(["raw", "annotated"]);
  assert.equal(buttonsOf(views).length, 4);
});

test("a step is possible while paused", () => {
  const playback = new PlaybackButtons();
  assert.deepEqual([playback.pause.title, playback.step.disabled], ["Pause (Space)", true]);
  playback.show(true);
  assert.deepEqual([playback.pause.title, playback.step.disabled], ["Resume (Space)", false]);
});

test("the qualities are those of the protocol", () => {
  const select = qualitySelect("high");
  assert.equal(select.value, "high");
  assert.deepEqual([...select.children].map((each) => each.textContent), ["Low", "Medium", "High", "Source"]);
});

test("a message says what is wrong, and counts down to the next attempt", () => {
  const message = new TileMessage();
  const retryAtMs = Date.now() + 2500;
  const shown = () => [message.words.textContent, message.countdown.textContent];
  message.show("It cannot be reached.", ["The detector is slow.", ""], { retryAtMs, canRetry: false });
  assert.deepEqual(shown(), ["It cannot be reached. The detector is slow.", "Retrying in 3 s."]);
  page.animate(1000);
  message.show("It cannot be reached.", [], { retryAtMs, canRetry: false });
  assert.deepEqual(shown(), ["It cannot be reached.", "Retrying in 2 s."]);
  message.show("", ["The link was copied."], { retryAtMs, canRetry: false });
  assert.deepEqual(shown(), ["The link was copied.", ""]);
  message.show("It has ended.", [], { retryAtMs: NaN, canRetry: true });
  assert.equal(message.retry.hidden, false);
  message.show("", [], { retryAtMs: NaN, canRetry: false });
  assert.deepEqual([message.element.hidden, message.retry.hidden], [true, true]);
});
