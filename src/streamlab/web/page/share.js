/**
 * A link to what is shown, and the pictures over the whole screen.
 *
 * @module
 */

import { byId } from "../kit/dom.js";
import { searchOf } from "./address.js";

/** @param {import("./address.js").Place} place @returns {Promise<string>} what came of it */
export async function copyLink(place) {
  const link = new URL(location.href);
  link.search = searchOf(place, link.search);
  link.searchParams.delete("access_token"); // whoever gets the link needs a token of their own
  try {
    await navigator.clipboard.writeText(link.href);
    return "The link was copied.";
  } catch {
    return `The link to this view is ${link.href}`; // without https there is no clipboard
  }
}

/** @returns {Promise<void>} */
export const toggleFullscreen = () =>
  document.fullscreenElement ? document.exitFullscreen() : byId("stage").requestFullscreen();
