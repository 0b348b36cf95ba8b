/**
 * Saves files from the page.
 *
 * @module
 */

import { element } from "./dom.js";
import { PlainError } from "./problems.js";

const REVOKE_MS = 60_000;

/** @param {string} name @param {BlobPart} data */
export function saveFile(name, data) {
  const href = URL.createObjectURL(new Blob([data]));
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), REVOKE_MS);
}

/**
 * Save the pictures that a player shows as PNG, and their boxes as JSON.
 *
 * @param {import("../player/player.js").DualPlayer} player
 */
export async function saveFrame(player) {
  const { cameraId } = player.options;
  const { pts, pictures, boxes } = player.frame();
  if (pts === null) throw new PlainError("There is no picture to save yet.");
  const stem = `${cameraId}-${pts}`;
  for (const { channel, canvas } of pictures) {
    const blob = await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve));
    if (blob) saveFile(`${stem}-${channel}.png`, blob);
  }
  saveFile(`${stem}-boxes.json`, JSON.stringify({ camera_id: cameraId, pts, boxes }, null, 1));
}
