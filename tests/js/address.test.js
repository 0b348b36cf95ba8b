/** What the address says of the page, and back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parsePlace, searchOf } from "../../src/streamlab/web/page/address.js";

const USUAL = { cameraId: null, isWall: false, wallPage: 1, view: null, quality: "medium", hasTruth: false };

test("an address that says nothing", () => {
  assert.deepEqual(parsePlace(""), USUAL);
  assert.equal(searchOf(parsePlace(""), ""), "?");
});

for (const search of [
  "?camera_id=street",
  "?camera_id=street&view=raw%2Cpose",
  "?camera_id=north+gate&view=overlay&quality=high&truth=1",
  "?layout=grid",
  "?layout=grid&page=3&view=annotated",
]) {
  test(`${search} is read and written alike`, () => {
    assert.equal(searchOf(parsePlace(search), ""), search);
  });
}

test("what cannot be is not taken over", () => {
  const place = parsePlace("?view=Raw&quality=best&page=two&truth=yes&camera_id=");
  assert.deepEqual(place, USUAL);
  assert.equal(parsePlace("?page=-1").wallPage, 1);
  assert.equal(parsePlace("?page=1.5").wallPage, 1);
});

test("a view has one name", () => {
  assert.equal(parsePlace("?view=annotated,raw").view, "both");
});

test("the token and what others have added stay", () => {
  const search = searchOf({ ...parsePlace(""), isWall: true }, "?access_token=t&camera_id=street&from=mail");
  assert.equal(search, "?access_token=t&from=mail&layout=grid");
});
