/** Labels and colours of boxes that the browser draws, which are those of the server. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { colourNumber } from "../../src/streamlab/web/player/colours.js";
import { placeLabels } from "../../src/streamlab/web/player/labels.js";

/** @typedef {import("../../src/streamlab/web/player/events.js").Box} Box */

/** A letter is 6 px wide. */
const SHEET = { width: 640, height: 360, labelHeight: 14, measure: (/** @type {string} */ text) => 6 * text.length };

test("the colour of a class follows from its name, as on the server", async () => {
  const text = await readFile("../class_colours.json", "utf8");
  for (const [name, number] of Object.entries(JSON.parse(text)))
    assert.equal(colourNumber(name), number, name);
});

test("a label stands above its box, inside it at the top, or below it", () => {
  /** @param {number} y1 @param {number} y2 */
  const top = (y1, y2) => placeLabels([[100, y1, 300, y2, "car", 0.94, 7]], SHEET)[0]?.top;
  assert.equal(top(100, 200), 86);
  assert.equal(top(4, 200), 4);
  assert.equal(top(4, 26), 26);
  assert.equal(top(100, 120), undefined);
});

test("a label is shortened to the width of its box, the score first", () => {
  /** @param {number} width */
  const text = (width) => placeLabels([[100, 100, 100 + width, 200, "car", 0.94, 7]], SHEET)[0].text;
  assert.deepEqual([200, 40, 10].map(text), ["car #7 0.94", "car #7", "car"]);
});

test("labels lie within the picture and never overlap, whatever is found", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 200; round += 1) {
    const boxes = Array.from({ length: 40 }, () => {
      const [x, y] = [random() * 600, random() * 320];
      const sides = [random() * (640 - x), random() * (360 - y)];
      return /** @type {Box} */ ([x, y, x + sides[0], y + sides[1], "person", random(), round]);
    });
    const labels = placeLabels(boxes, SHEET);
    for (const [index, { left, top, width }] of labels.entries()) {
      assert.ok(left >= 0 && left + width <= 640 + 1e-9 && top >= 0 && top + 14 <= 360);
      for (const other of labels.slice(index + 1)) {
        const apart = left >= other.left + other.width || other.left >= left + width;
        assert.ok(apart || Math.abs(top - other.top) >= 14);
      }
    }
  }
});
