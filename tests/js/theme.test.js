/** Light and dark: what the switch of the theme chooses, and that it is kept. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { switchTheme } from "../../src/streamlab/web/kit/theme.js";

afterEach(() => {
  for (const name of ["document", "localStorage", "matchMedia"]) Reflect.deleteProperty(globalThis, name);
});

for (const isDark of [false, true]) {
  test(`the first press leaves what the system has: ${isDark ? "dark" : "light"}`, () => {
    const kept = new Map();
    const dataset = /** @type {{theme?: string}} */ ({});
    Object.assign(globalThis, {
      document: { documentElement: { dataset } },
      localStorage: { setItem: kept.set.bind(kept) },
      matchMedia: () => ({ matches: isDark }),
    });
    switchTheme();
    const other = isDark ? "light" : "dark";
    assert.deepEqual([dataset.theme, kept.get("streamlab-theme")], [other, other]);
    switchTheme();
    assert.equal(dataset.theme, isDark ? "dark" : "light");
  });
}
