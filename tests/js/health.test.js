/** What is wrong with a camera is said in the same words here and in Python. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { problemsOf } from "../../src/streamlab/web/kit/words.js";

const cases = JSON.parse(await readFile(new URL("../health_words.json", import.meta.url), "utf8"));

for (const { camera, problems } of cases) {
  test(`a camera that is ${camera.state}, with ${camera.channels.length} channels`, () => {
    assert.deepEqual(problemsOf(camera), problems);
  });
}
