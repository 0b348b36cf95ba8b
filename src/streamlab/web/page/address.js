/**
 * What the address bar says of the page: which camera or which part of the wall is shown, and how.
 *
 * @module
 */

import { QUALITIES } from "../kit/words.js";
import { parseView } from "../player/views.js";

/** @typedef {import("../player/events.js").View} View */
/** @typedef {import("../player/events.js").Quality} Quality */
/**
 * @typedef {object} Place
 * @property {string | null} cameraId
 * @property {boolean} isWall all cameras are shown
 * @property {number} wallPage from 1
 * @property {View | null} view that was chosen
 * @property {Quality} quality
 * @property {boolean} hasTruth the ground truth is outlined
 */

const DEFAULT_QUALITY = /** @type {Quality} */ ("medium");

/** @param {string} search of the address @returns {Place} */
export function parsePlace(search) {
  const query = new URLSearchParams(search);
  const wallPage = Number(query.get("page"));
  return {
    cameraId: query.get("camera_id") || null,
    isWall: query.get("layout") === "grid",
    wallPage: Number.isInteger(wallPage) && wallPage > 1 ? wallPage : 1,
    view: parseView(query.get("view")),
    quality: QUALITIES.find((name) => name === query.get("quality")) ?? DEFAULT_QUALITY,
    hasTruth: query.get("truth") === "1",
  };
}

/**
 * Return what the address should say; parameters of others stay.
 *
 * @param {Place} place
 * @param {string} search of the address now
 */
export function searchOf({ cameraId, isWall, wallPage, view, quality, hasTruth }, search) {
  const query = new URLSearchParams(search);
  const said = {
    camera_id: isWall ? null : cameraId,
    layout: isWall ? "grid" : null,
    page: isWall && wallPage > 1 ? String(wallPage) : null,
    view,
    quality: quality === DEFAULT_QUALITY ? null : quality,
    truth: hasTruth ? "1" : null,
  };
  for (const [name, value] of Object.entries(said)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  return `?${query}`;
}
