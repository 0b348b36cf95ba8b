/** A wall of pictures: as large as the window allows, and in pages. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { PAGE_TILES, columnsOf, hasRoomForBoth, partOf } from "../../src/streamlab/web/kit/wall.js";

const WIDE = { width: 1400, height: 760 };
const PHONE = { width: 366, height: 640 };
const RATIO = 16 / 9;
const COUNTS = Array.from({ length: PAGE_TILES }, (_, index) => index + 1);

test("two to sixteen cameras fill a wide window", () => {
  const layouts = COUNTS.map((count) => columnsOf(count, WIDE, RATIO));
  assert.ok(layouts.every(({ fits }) => fits));
  const columns = [1, 2, 3, 4, 6, 9, 16].map((count) => layouts[count - 1].columns);
  assert.deepEqual(columns, [1, 2, 2, 2, 3, 3, 4]);
});

test("on a phone there is one column, and the page scrolls", () => {
  assert.deepEqual(columnsOf(9, PHONE, RATIO), { columns: 1, fits: false, tilePx: 366 });
});

test("a tile is never wider than its column, and never tiny", () => {
  for (const room of [WIDE, PHONE]) {
    for (const count of COUNTS) {
      const { columns, tilePx } = columnsOf(count, room, RATIO);
      assert.ok(columns * tilePx <= room.width && tilePx > 150);
    }
  }
});

test("raw and annotated stand side by side where there is room", () => {
  assert.ok(hasRoomForBoth(1, WIDE, RATIO));
  assert.ok(hasRoomForBoth(2, WIDE, RATIO));
  assert.ok(!hasRoomForBoth(9, WIDE, RATIO));
  assert.ok(!hasRoomForBoth(1, PHONE, RATIO));
});

const cameras = Array.from({ length: 40 }, (_, index) => `camera ${index + 1}`);

test("forty cameras take three pages", () => {
  const { shown, pages, words } = partOf(cameras, 2);
  assert.deepEqual([shown[0], shown.length, pages], ["camera 17", 16, 3]);
  assert.equal(words, "Cameras 17–32 of 40");
  assert.equal(partOf(cameras, 3).words, "Cameras 33–40 of 40");
  assert.equal(partOf(cameras.slice(0, 17), 2).words, "Camera 17 of 17");
});

test("a page that is not there any more is the last one", () => {
  assert.equal(partOf(cameras, 9).page, 3);
  assert.equal(partOf(cameras.slice(0, 16), 2).page, 1);
  assert.deepEqual(partOf([], 1).shown, []);
});
