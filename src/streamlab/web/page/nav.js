/**
 * The row of cameras in the header.
 *
 * @module
 */

import { button } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { faultsOf, problemsOf } from "../kit/words.js";

/** @typedef {import("./cameras.js").Camera} Camera */

/**
 * Show the cameras, with what is wrong with each.
 *
 * @param {HTMLElement} nav
 * @param {Camera[]} cameras
 * @param {string | null} shownId null while all are shown
 */
export function showNav(nav, cameras, shownId) {
  const ids = cameras.map(({ camera_id }) => camera_id).join("\n");
  if (nav.dataset.ids !== ids) {
    nav.dataset.ids = ids;
    const all = button("grid", "All", "All cameras at once", "G");
    all.dataset.state = "live";
    nav.replaceChildren(...(cameras.length > 1 ? [all] : []), ...cameras.map(cameraButton));
  }
  nav.querySelector("[data-action=grid]")?.setAttribute("aria-current", String(shownId === null));
  for (const camera of cameras) showState(nav, camera, camera.camera_id === shownId);
}

/** A button that opens a camera. @param {Camera} camera */
export const cameraButton = ({ camera_id: openCamera }) =>
  element("button", { type: "button", dataset: { openCamera } }, openCamera);

/** @param {HTMLElement} nav @param {Camera} camera @param {boolean} isShown */
function showState(nav, camera, isShown) {
  const { camera_id: id, state } = camera;
  const made = nav.querySelector(`[data-open-camera="${CSS.escape(id)}"]`);
  if (!(made instanceof HTMLElement)) return;
  made.dataset.state = state === "live" && faultsOf(camera).length ? "faulty" : state;
  made.title = problemsOf(camera).join("\n") || "All is well.";
  made.setAttribute("aria-current", String(isShown));
}
