/**
 * The keys of a tile, and which key presses are meant for it.
 *
 * @module
 */

/** What the keys do, wherever a tile has them. */
export const TILE_KEYS = /** @type {Record<string, string>} */ ({
  1: "view-raw",
  2: "view-annotated",
  3: "view-both",
  4: "view-overlay",
  s: "switch",
  " ": "pause",
  ".": "step",
  d: "save",
});

/** Elements that have a use of their own for these keys. */
const TYPING = "input, select, textarea";
const PRESSED_BY_SPACE = "button, a, summary";

/** Return the key that was pressed, in lower case, or null where it is meant for something else. @param {KeyboardEvent} event */
export function keyOf(event) {
  const { key, ctrlKey, metaKey, altKey, repeat } = event;
  if (ctrlKey || metaKey || altKey || (repeat && key !== ".")) return null;
  const [target] = event.composedPath(); // also inside a shadow root, as Panel's controls are
  const others = key === " " ? `${TYPING}, ${PRESSED_BY_SPACE}` : TYPING;
  return target instanceof Element && target.matches(others) ? null : key.toLowerCase();
}
