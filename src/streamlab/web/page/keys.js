/**
 * The keys of the page, and the list of them.
 *
 * @module
 */

import { byId, element } from "../kit/dom.js";
import { keyOf } from "../kit/keys.js";

/** What a key does, its sign, and how that is said. */
const KEYS = /** @type {Record<string, [action: string, sign: string, words: string]>} */ ({
  1: ["view-raw", "1", "Raw"],
  2: ["view-annotated", "2", "Annotated"],
  3: ["view-both", "3", "Both, side by side"],
  4: ["view-overlay", "4", "Overlay"],
  s: ["switch", "S", "Switch between raw and annotated"],
  " ": ["pause", "Space", "Pause, and resume where the camera is then"],
  ".": ["step", ".", "Next frame, while paused"],
  g: ["grid", "G", "All cameras"],
  escape: ["back", "Esc", "Back to all cameras"],
  arrowleft: ["previous", "←", "Previous camera, or page of the wall"],
  arrowright: ["next", "→", "Next camera, or page of the wall"],
  t: ["truth", "T", "Ground truth, and the strip it is read from"],
  f: ["fullscreen", "F", "Full screen"],
  c: ["copy", "C", "Copy a link to this view"],
  d: ["save", "D", "Save this frame: pictures and boxes"],
  "?": ["keys", "?", "These keys"],
});

/** @param {(action: string) => void} act */
export function listenForKeys(act) {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const [action] = KEYS[keyOf(event) ?? ""] ?? [];
    if (!action) return;
    if (event.key === " ") event.preventDefault(); // it would scroll
    act(action);
  });
}

export function showKeys() {
  const rows = Object.values(KEYS).flatMap(([, sign, words]) => [
    element("dt", {}, element("kbd", {}, sign)),
    element("dd", {}, words),
  ]);
  byId("key-list").replaceChildren(...rows);
  /** @type {HTMLDialogElement} */ (byId("keys")).showModal();
}
