/**
 * Which frame to draw next.
 *
 * @module
 */

import { TICKS_PER_MS } from "./events.js";

/** A channel that leads by more than this is shown alone; a picture that is later jumps. */
export const MAX_WAIT_MS = 250;

/**
 * Return the index of the frame to draw next, or -1: the oldest that is newer than what is shown,
 * or the newest when that one is too late.
 *
 * @param {number[]} ready ascending pts of decoded frames
 * @param {number} shownPts
 * @param {number} newestPts newest pts received
 */
export function nextFrame(ready, shownPts, newestPts) {
  const index = ready.findIndex((pts) => pts > shownPts);
  if (index < 0) return -1;
  return newestPts - ready[index] > MAX_WAIT_MS * TICKS_PER_MS ? ready.length - 1 : index;
}

/**
 * Return the pts that all channels should show next, or null while they have none in common.
 *
 * @param {number[][]} ready of each channel: ascending pts of decoded frames
 * @param {number} shownPts
 * @param {number} newestPts newest pts that all have received
 */
export function nextCommon([first, ...others], shownPts, newestPts) {
  const common = first.filter((pts) => others.every((ready) => ready.includes(pts)));
  const index = nextFrame(common, shownPts, newestPts);
  return index < 0 ? null : common[index];
}
