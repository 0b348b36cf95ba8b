/** What only a notebook's view can do, and which keys are meant for it. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { TILE_KEYS, keyOf } from "../../src/streamlab/web/kit/keys.js";
import { LabControls } from "../../src/streamlab/web/notebook/lab_controls.js";
import { FakeNode, FakePage } from "./fake_dom.js";

/** @type {FakePage} */
let page;

beforeEach(() => {
  page = new FakePage();
});

afterEach(() => page.leave());

function shown() {
  /** @type {[string, any][]} */
  const asked = [];
  /** @type {(() => void)[]} */
  const answers = [];
  const controls = /** @type {any} */ (
    new LabControls(["hold", "hybrid"], (action, values) => {
      asked.push([action, values]);
      return new Promise((resolve) => answers.push(() => resolve(null)));
    })
  );
  controls.showSync("hybrid", 50);
  return { asked, answers, controls };
}

test("what the kernel says is shown", () => {
  const { controls } = shown();
  assert.deepEqual([controls.policy.value, controls.tolerance.value], ["hybrid", "50"]);
  assert.equal(controls.toleranceWords.textContent, "50 ms");
  controls.showSync("hold", 300);
  assert.equal(controls.tolerance.max, "300");
  controls.showCamera("street.onnx", { stall_ms: 1000 });
  assert.equal(controls.detector.textContent, "Detector street.onnx");
  assert.equal(controls.faults.dataset.active, "true");
  controls.showCamera("none", {});
  assert.equal(controls.detector.textContent, "No detector");
  assert.equal(controls.faults.dataset.active, "false");
});

test("a tolerance that a hand is on is not changed until the kernel has taken it", async () => {
  const { asked, answers, controls } = shown();
  controls.tolerance.value = "20";
  controls.tolerance.fire("input");
  assert.equal(controls.toleranceWords.textContent, "20 ms");
  controls.showSync("hybrid", 50);
  assert.equal(controls.tolerance.value, "20");
  controls.tolerance.fire("change");
  assert.deepEqual(asked, [["sync", { values: { sync_tolerance_ms: 20 } }]]);
  controls.showSync("hybrid", 50);
  assert.equal(controls.tolerance.value, "20");
  answers[0]();
  await null;
  await null;
  controls.showSync("hybrid", 21);
  assert.equal(controls.tolerance.value, "21");
});

test("another policy is asked for", () => {
  const { asked, controls } = shown();
  controls.policy.focus();
  controls.showSync("hold", 50);
  assert.equal(controls.policy.value, "hybrid", "somebody chooses");
  controls.policy.value = "hold";
  controls.policy.fire("change");
  assert.deepEqual(asked, [["sync", { values: { policy: "hold" } }]]);
});

test("a fault is asked for, and the menu closes", () => {
  const { asked, controls } = shown();
  const { faults } = controls;
  faults.open = true;
  faults.querySelector("[data-action=fault-0]").fire("click");
  assert.deepEqual(asked, [["inject", { faults: { stall_ms: 1000 }, seconds: 2 }]]);
  assert.equal(faults.open, false);
  faults.querySelector("summary").fire("click");
  assert.equal(asked.length, 1);
});

test("the menu closes by Escape, and when something else is used", () => {
  const { faults } = shown().controls;
  let heard = 0;
  const outside = new FakeNode("div");
  outside.append(faults);
  outside.addEventListener("keydown", () => (heard += 1));
  faults.open = true;
  faults.fire("keydown", { key: "Tab" });
  assert.equal(faults.open, true);
  faults.fire("keydown", { key: "Escape" });
  assert.equal(faults.open, false);
  assert.equal(heard, 1, "this Escape is the menu's");
  assert.equal(document.activeElement, faults.querySelector("summary"));
  faults.open = true;
  faults.fire("focusout", { relatedTarget: faults.querySelector("button") });
  assert.equal(faults.open, true);
  faults.fire("focusout", { relatedTarget: outside });
  assert.equal(faults.open, false);
});

test("keys that something else needs are left to it", () => {
  /** @param {string} key @param {object} [details] @param {string} [name] */
  const pressed = (key, details = {}, name = "div") =>
    keyOf(/** @type {any} */ ({ key, composedPath: () => [new FakeNode(name)], ...details }));
  assert.equal(TILE_KEYS[pressed("S") ?? ""], "switch");
  assert.equal(pressed("s", { ctrlKey: true }), null);
  assert.equal(pressed("s", { repeat: true }), null);
  assert.equal(pressed(".", { repeat: true }), ".", "it steps on while it is held");
  assert.equal(pressed("1", {}, "input"), null);
  assert.equal(pressed(" ", {}, "button"), null, "it presses the button");
  assert.equal(pressed("1", {}, "button"), "1");
});
