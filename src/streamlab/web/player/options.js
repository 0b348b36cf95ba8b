/**
 * What a player is made with, and what it tells of.
 *
 * @module
 */

/** @typedef {import("./events.js").PlayerState} PlayerState */
/** @typedef {import("./events.js").Quality} Quality */
/** @typedef {import("./events.js").View} View */
/** @typedef {ReturnType<import("./player.js").DualPlayer["stats"]>} PlayerStats */

/**
 * @typedef {object} PlayerOptions
 * @property {HTMLElement} container where the pictures go
 * @property {string} cameraId
 * @property {import("./events.js").Transport} transport
 * @property {import("./events.js").Control} control
 * @property {View} [view]
 * @property {Quality} [quality]
 * @property {{width: number, height: number} | null} [captureSize] px of the captured frame, when a quality is scaled
 * @property {(state: PlayerState) => void} [onState]
 * @property {(view: View, reason: "client" | "degraded" | "refused") => void} [onView]
 * @property {(error: Error) => void} [onRefused] the server would not give the view asked for
 * @property {(stats: PlayerStats) => void} [onStats] once per second
 * @property {(fault: string) => void} [onHealth] what does not work in the channels that are shown
 * @property {(shown: {pts: number, channels: string[], nowMs: number}) => void} [onShown] each draw
 */

export {};
