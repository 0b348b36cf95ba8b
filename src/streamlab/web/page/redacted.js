/**
 * What to show where a token may not see what was asked for.
 *
 * @module
 */

/** @typedef {import("./cameras.js").Camera} Camera */
/** @typedef {import("../player/player.js").DualPlayer} DualPlayer */

/**
 * Return why pictures are refused, and the redacted channel that may be seen in their place; null
 * where nothing is refused, or where there is no such channel.
 *
 * @param {DualPlayer[]} players
 * @param {Camera[]} cameras that they show
 * @returns {{channel: string, why: string} | null}
 */
export function redactedInstead(players, cameras) {
  const refusal = players.find(({ state }) => state.status === 403)?.state;
  const channels = cameras.flatMap((camera) => camera.channels ?? []);
  const channel = channels.find(({ renderer }) => renderer?.redacts)?.name;
  return refusal && channel ? { channel, why: refusal.detail } : null;
}
